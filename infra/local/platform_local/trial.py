# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A first pod in a cluster that somebody else runs: gets the image, reaches this host, and goes again."""

from __future__ import annotations

import json
import time
import typing as t

from . import access, database, exchange
from .errors import LocalPlatformError
from .kubectl import Kubectl
from .options import ExistingCluster

NAME = "trial"
SECONDS = 600
"""A node takes some minutes to pull the image."""
NO_IMAGE = ("ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
PROGRAM = """
import socket, sys
import psycopg2
host, database, exchange = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for port in (database, exchange):
    try:
        socket.create_connection((host, port), 5).close()
    except OSError as error:
        sys.exit(f"no way from pods to {host}:{port} ({error})")
try:
    psycopg2.connect(host=host, port=database, user="trial", password="none", connect_timeout=5)
except psycopg2.OperationalError as error:
    if "pg_hba.conf" in str(error):
        sys.exit("PostgreSQL lets in pod_network only, and pods come from elsewhere: " + str(error))
"""


def run(kubectl: Kubectl, cluster: ExistingCluster) -> None:
    """Run the pod to its end.

    :raises LocalPlatformError: says what pods lack, and what to do about it.
    """
    place = ("--namespace", access.NAMESPACE)
    delete = ("delete", "pod", NAME, *place, "--ignore-not-found", "--grace-period=1")
    kubectl.run(*delete)
    try:
        kubectl.apply(_pod(cluster))
        _await_end(kubectl, cluster)
    finally:
        kubectl.run(*delete, "--wait=false")


def _await_end(kubectl: Kubectl, cluster: ExistingCluster) -> None:
    place = ("--namespace", access.NAMESPACE)
    deadline = time.monotonic() + SECONDS
    while True:
        pod = json.loads(kubectl.run("get", "pod", NAME, *place, "-o", "json"))
        phase = pod["status"].get("phase")
        if phase == "Succeeded":
            return
        if phase == "Failed":
            said = kubectl.run("logs", NAME, *place).strip()
            raise LocalPlatformError(
                f"Pods of the cluster cannot use this host: {said or _reason(pod)}. host_address must be an "
                f"address of this host that pods reach, pod_network the network that they come from"
            )
        if (waiting := _waiting(pod)).get("reason") in NO_IMAGE:
            raise LocalPlatformError(
                f"The nodes cannot pull {cluster.image}: {waiting.get('message', waiting['reason'])}. "
                f"Push it to a registry that they reach and may read (make demo-image IMAGE=…)"
            )
        if time.monotonic() > deadline:
            raise LocalPlatformError(f"A first pod did not run within {SECONDS} s: {_reason(pod)}")
        time.sleep(1)


def _waiting(pod: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    for status in pod["status"].get("containerStatuses", []):
        waiting: dict[str, t.Any] = status["state"].get("waiting", {})
        return waiting
    return {}


def _reason(pod: t.Mapping[str, t.Any]) -> str:
    """What Kubernetes says of a pod that does not get on."""
    conditions = pod["status"].get("conditions", [])
    said = [item["message"] for item in conditions if item["status"] == "False" and item.get("message")]
    return "; ".join(said) or _waiting(pod).get("reason", "no reason is given")


def _pod(cluster: ExistingCluster) -> dict[str, t.Any]:
    addresses = [cluster.host_address, str(database.PORT), str(exchange.PORT)]
    container = {
        "name": NAME,
        "image": cluster.image,
        "command": ["python3", "-c", PROGRAM, *addresses],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "namespace": access.NAMESPACE},
        "spec": {
            "restartPolicy": "Never",
            "serviceAccountName": access.PLATFORM,
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }
