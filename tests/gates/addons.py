# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Render every pinned addon with its values and validate what comes out.

A chart is taken from ``--charts DIR/<name>``, else from its repository. With ``--offline`` no repository is
asked: charts that Go modules bring are rendered; of the others only the values are read, and that is said.
"""

from __future__ import annotations

import argparse
import collections
import re
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm import read_values

from tests.support import addon_charts, manifests

NEEDED = {
    "fluent-bit": {"logs": {"cloudwatch": {"group": "/platform/bots", "region": "eu-central-1"}}},
    "rancher": {"hostname": "rancher.example.org"},
}
"""Values that an operator must give."""
FOREIGN = ("monitoring.coreos.com", "apiextensions.k8s.io", "apiregistration.k8s.io")
"""Groups whose kinds the validator does not know."""
KINDS = (
    "monitoring.coreos.com/v1",
    "monitoring.coreos.com/v1/ServiceMonitor",
    "policy/v1/PodDisruptionBudget",
)
"""What a chart may ask for in the cluster."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--charts", type=Path, default=Path("nowhere"), help="folder with charts by name")
    parser.add_argument("--offline", action="store_true", help="ask no repository")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        problems = [
            problem for addon in addon_charts.pins() for problem in check(addon, options, Path(folder))
        ]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def check(addon: dict[str, t.Any], options: argparse.Namespace, folder: Path) -> list[str]:
    """Return what is wrong with an addon, after telling what was looked at."""
    name = addon["name"]
    values = addon_charts.INFRA / "addons" / "values" / f"{name}.yaml"
    chart = find(addon, options, folder)
    if chart is None:
        yaml.safe_load(values.read_text())
        print(f"{name}: its chart is in its repository only; its values are YAML")
        return []
    given = read_values([str(values)] if values.exists() else [], NEEDED.get(name, {}))
    done = subprocess.run(
        [
            "helm", "template", name, chart, "--namespace", addon["namespace"], "--values", "-",
            f"--kube-version=v{manifests.VERSION}.0", *(f"--api-versions={kind}" for kind in KINDS),
        ],
        check=False, capture_output=True, text=True, input=yaml.safe_dump(given),
    )  # fmt: skip
    if done.returncode:
        return [f"{name}: {done.stderr.strip()}"]
    objects = [each for each in yaml.safe_load_all(done.stdout) if each]
    kinds = collections.Counter(each["kind"] for each in objects)
    print(f"{name}: {sum(kinds.values())} objects of {identity(chart)}: {', '.join(sorted(kinds))}")
    return [f"{name}: {problem}" for each in objects for problem in faults(each)]


def find(addon: dict[str, t.Any], options: argparse.Namespace, folder: Path) -> Path | None:
    """Return where an addon's chart is, fetched if need be; None when it cannot be had."""
    name = addon["name"]
    if "path" in addon:
        return addon_charts.INFRA / str(addon["path"])
    if (options.charts / name).exists():
        return Path(options.charts / name)
    if options.offline:
        modules = {
            "metrics-server": addon_charts.metrics_server,
            "external-secrets": addon_charts.external_secrets,
        }
        return modules[name](folder) if name in modules else None
    command = ["helm", "pull", addon["chart"], "--repo", addon["repository"], "--version", addon["version"]]
    subprocess.run([*command, "--destination", folder], check=True)
    return next(folder.glob(f"{addon['chart']}-{addon['version']}.tgz"))


def identity(chart: Path) -> str:
    """Return name and version of a chart, and its program's version: they need not be the pinned ones."""
    done = subprocess.run(["helm", "show", "chart", chart], check=True, capture_output=True, text=True)
    about = yaml.safe_load(done.stdout)
    program = f" ({about['appVersion']})" if "appVersion" in about else ""
    return f"{about['name']} {about['version']}{program}"


def faults(found: dict[str, t.Any]) -> t.Iterator[str]:
    """Yield what Kubernetes would not take, and images that name no version."""
    where = f"{found['kind']} {found['metadata'].get('name')}"
    if not found["apiVersion"].startswith(FOREIGN):
        against = manifests.fault(found, strict=False)
        if against is not None:
            yield f"{where}: {against}"
    for image in re.findall(r"'image': '([^']+)'", repr(found.get("spec", {}))):
        if not re.search(r"@sha256:|:(?!latest$)[^/:]+$", image):
            yield f"{where}: the image {image} names no version"


if __name__ == "__main__":
    sys.exit(main())
