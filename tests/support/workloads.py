# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A Kubernetes API whose workloads get pods, and whose pods get ready without running anything.

The controllers are Kubernetes' own. A thread plays nodes and load balancers: it calls every pod ready but
those whose image says that it is not to be had, and gives every load balancer an address.
"""

from __future__ import annotations

import contextlib
import datetime
import signal
import threading
import typing as t
import urllib.error
from pathlib import Path

from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi
from ansible_collections.bot_freqtrade.platform.tests.support.processes import (
    find_binary,
    free_port,
    running,
)

MISSING_IMAGE = "missing"
"""Pods with this word in an image stay as they are."""
CONTROLLERS = (
    "daemonset-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "serviceaccount-controller",
    "statefulset-controller",
)
PAUSE_SECONDS = 0.2


@contextlib.contextmanager
def workloads(api: KubeApi, directory: Path) -> t.Iterator[None]:
    """Let the objects of ``api`` come to life until the block ends."""
    command = [
        "setpriv", "--pdeathsig", "KILL", str(find_binary("kube-controller-manager")),
        f"--kubeconfig={api.kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1",
        f"--secure-port={free_port()}", f"--cert-dir={directory / 'certificates'}",
        f"--controllers={','.join(CONTROLLERS)}",
    ]  # fmt: skip
    end = threading.Event()
    player = threading.Thread(target=_play, args=(api, end), daemon=True)

    def ready() -> bool:
        return "default" in _names(api, "/api/v1/namespaces/default/serviceaccounts")

    with running(command, directory / "controller-manager.log", ready, stop=signal.SIGTERM):
        player.start()
        try:
            yield
        finally:
            end.set()
            player.join()


def _names(api: KubeApi, path: str) -> list[str]:
    return [each["metadata"]["name"] for each in api.request("GET", path)["items"]]


def _play(api: KubeApi, end: threading.Event) -> None:
    while not end.wait(PAUSE_SECONDS):
        # An object that is gone or changed meanwhile has its turn again.
        with contextlib.suppress(OSError):
            _ready_pods(api)
            _ready_balancers(api)


def _ready_pods(api: KubeApi) -> None:
    for pod in api.request("GET", "/api/v1/pods")["items"]:
        containers = pod["spec"]["containers"]
        if pod["status"].get("conditions") or any(MISSING_IMAGE in each["image"] for each in containers):
            continue
        is_job = any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", []))
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        ready = {"type": "Ready", "status": "False" if is_job else "True", "lastTransitionTime": now}
        status = {"phase": "Succeeded" if is_job else "Running", "conditions": [ready]}
        _write_status(api, "pods", pod, status)


def _ready_balancers(api: KubeApi) -> None:
    for service in api.request("GET", "/api/v1/services")["items"]:
        if service["spec"]["type"] == "LoadBalancer" and not service["status"]["loadBalancer"]:
            _write_status(api, "services", service, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})


def _write_status(api: KubeApi, plural: str, found: dict[str, t.Any], status: dict[str, t.Any]) -> None:
    metadata = found["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}/status"
    with contextlib.suppress(urllib.error.HTTPError):
        api.request("PUT", path, {**found, "status": {**found["status"], **status}})
