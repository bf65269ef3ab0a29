# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Charts of addons that Go modules bring, and stand-ins for those that only their own repositories have."""

from __future__ import annotations

import json
import shutil
import subprocess
import typing as t
from pathlib import Path

import yaml

from infra.local.platform_local import external_secrets as local

INFRA = Path(__file__).resolve().parents[2] / "infra"
SAMPLE = Path(__file__).parent / "charts" / "sample"
METRICS_SERVER = ("sigs.k8s.io/metrics-server", "v0.9.0", "h1:nlqqZ2H0Xfko8eJC/1qaNVVT17hu4rxndkOi22KTZ4w=")
PROMETHEUS_OPERATOR = (
    "github.com/prometheus-operator/prometheus-operator",
    "v0.93.1",
    "h1:4Juk8v93RdG1DSGD/mGp+SeQKPmnlLIj2iq3blLZgFY=",
)


def pins() -> list[dict[str, t.Any]]:
    """Return the addons as ``infra/addons/addons.yaml`` pins them."""
    addons: list[dict[str, t.Any]] = yaml.safe_load((INFRA / "addons" / "addons.yaml").read_text())["addons"]
    return addons


def module(path: str, version: str, checksum: str) -> Path:
    """Return the folder of a Go module, fetched once and seen to be the one that is meant."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", f"{path}@{version}"], check=False, capture_output=True, text=True
    )
    found = json.loads(done.stdout or "{}")
    if found.get("Sum") != checksum:
        raise RuntimeError(f"{path} {version}: {found.get('Error') or found.get('Sum') or done.stderr}")
    return Path(found["Dir"])


def metrics_server(folder: Path) -> Path:
    """Copy the chart of metrics-server and return its folder."""
    return _copied(module(*METRICS_SERVER) / "charts" / "metrics-server", folder / "metrics-server")


def external_secrets(folder: Path) -> Path:
    """Copy the chart of External Secrets that the local platform installs, and return its folder."""
    chart = folder / "external-secrets"
    local.copy_chart(local.module_folder(), chart)
    return chart


def external_secret() -> str:
    """Return the definition of the kind ExternalSecret, as the same chart has it."""
    folder = local.module_folder() / "config" / "crds" / "bases"
    return (folder / "external-secrets.io_externalsecrets.yaml").read_text()


def stand_in(name: str, folder: Path) -> Path:
    """Make a chart of this name with one workload, which takes any values."""
    chart = folder / name
    shutil.copytree(SAMPLE, chart)
    (chart / "values.schema.json").unlink()
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    (chart / "Chart.yaml").write_text(yaml.safe_dump({**about, "name": name}))
    return chart


def prometheus_stand_in(folder: Path) -> Path:
    """Make a chart that brings the kinds by which others ask to be watched, as the real one does."""
    chart = stand_in("kube-prometheus-stack", folder)
    source = module(*PROMETHEUS_OPERATOR) / "example" / "prometheus-operator-crd"
    for kind in ("prometheusrules", "scrapeconfigs", "servicemonitors"):
        name = f"monitoring.coreos.com_{kind}.yaml"
        shutil.copyfile(source / name, chart / "crds" / name)
    return chart


def _copied(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    # Go keeps its modules read-only.
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target
