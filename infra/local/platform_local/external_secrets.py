# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""External Secrets for the local cluster, built from its Go module: image and chart."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import typing as t
import urllib.parse
from pathlib import Path

import yaml

from . import aws, cache, images
from .control_plane import SERVER
from .errors import LocalPlatformError
from .paths import Layout
from .progress import run, step

MODULE = "github.com/external-secrets/external-secrets"
VERSION = "v0.19.2"
"""The last release whose one module holds all that its program needs."""
SUM = "h1:bdOpEt9Pww2e8QGh4apX7M0nehwNOVAQJLd8z6hAXWI="
IMAGE = f"localhost/external-secrets:{VERSION}"
FLAGS = ("-mod=readonly", "-trimpath", "-ldflags", "-s -w")
RECIPE = "1"
"""Changes when what :func:`_build` makes of the module changes."""
METRICS_PORT = 18090


def ensure(layout: Layout) -> tuple[Path, bool]:
    """The folder with ``image.tar`` and ``chart``, and whether it had to be built: nine minutes.

    :raises LocalPlatformError: when Go cannot get or build the module.
    """
    key = cache.content_hash(json.dumps([MODULE, VERSION, SUM, FLAGS, RECIPE]))
    log = layout.logs / "external-secrets.log"
    return cache.ensure("external-secrets", key, lambda folder: _build(folder, log))


def addon(layout: Layout, helm: Path) -> dict[str, t.Any]:
    """The variables with which the role cluster_addons installs it in the local cluster.

    Its pod has the network of the host: there it reaches the API server and the stand-in for AWS.
    """
    repository, _, tag = IMAGE.rpartition(":")
    server = urllib.parse.urlsplit(SERVER)
    environment = {
        "KUBERNETES_SERVICE_HOST": server.hostname,
        "KUBERNETES_SERVICE_PORT": str(server.port),
        "AWS_SECRETSMANAGER_ENDPOINT": aws.URL,
        **{name.upper(): value for name, value in aws.CREDENTIALS.items()},
    }
    values = {
        "replicaCount": 1,
        "leaderElect": False,
        "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
        "hostNetwork": True,
        "metrics": {"listen": {"port": METRICS_PORT}},
        "extraEnv": [{"name": name, "value": value} for name, value in environment.items()],
        # Services lead nowhere here, so the API server could not ask a webhook.
        "webhook": {"create": False},
        "certController": {"create": False},
        "podDisruptionBudget": {"enabled": False},
        "serviceMonitor": {"enabled": False},
    }
    return {
        "cluster_addons_only": ["external-secrets"],
        "cluster_addons_charts": {"external-secrets": str(ensure(layout)[0] / "chart")},
        "cluster_addons_values": {"external-secrets": values},
        "cluster_addons_helm": str(helm),
        "cluster_addons_infra": str(layout.infra),
    }


def _build(folder: Path, log: Path) -> None:
    source = module_folder()
    program = folder / "external-secrets"
    # In the module's own folder, because only its own list of checksums is complete.
    with step(f"External Secrets {VERSION} from its Go module, once"):
        environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": ""}
        run(["go", "build", *FLAGS, "-o", program, "."], log, cwd=source, env=environment)
    images.program_archive(IMAGE, program, folder / "image.tar")
    program.unlink()
    copy_chart(source, folder / "chart")


def copy_chart(source: Path, chart: Path) -> None:
    """Copy the chart as its release has it: with the CRDs, but without a chart that only Bitwarden needs."""
    shutil.copytree(source / "deploy" / "charts" / "external-secrets", chart, copy_function=shutil.copyfile)
    for path in (chart, *chart.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    description = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    del description["dependencies"]
    (chart / "Chart.lock").unlink()
    (chart / "Chart.yaml").write_text(yaml.safe_dump(description, sort_keys=False), encoding="utf-8")
    (chart / "crds").mkdir()
    shutil.copyfile(source / "deploy" / "crds" / "bundle.yaml", chart / "crds" / "bundle.yaml")


def module_folder() -> Path:
    """Where Go keeps the module.

    :raises LocalPlatformError: when Go does not get it, or gets another one.
    """
    command = ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
    found: dict[str, t.Any] = json.loads(done.stdout or "{}")
    if done.returncode or "Dir" not in found:
        reason = found.get("Error") or done.stderr.strip()
        raise LocalPlatformError(f"Go does not get {MODULE} {VERSION}: {reason}")
    if found["Sum"] != SUM:
        raise LocalPlatformError(f"{MODULE} {VERSION} has the checksum {found['Sum']} instead of {SUM}")
    return Path(found["Dir"])
