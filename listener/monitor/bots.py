# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bots shall run, and which are ready: Kubernetes knows both from their Deployments."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import connect
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import DEPLOYMENTS

from .sources import gauge

if t.TYPE_CHECKING:
    from pathlib import Path

    from prometheus_client.core import Metric

SELECTOR: t.Final = "app.kubernetes.io/name=freqtrade,app.kubernetes.io/component=trade"
"""Labels that the bots' chart gives every bot."""
TIMEOUT: t.Final = 5.0
"""Seconds for the answer of Kubernetes."""


class Bots:
    """How many pods each client's bot shall have, and how many are ready.

    :param kubeconfig: of the cluster; without it that of the pod that this runs in.
    """

    def __init__(self, kubeconfig: Path | None) -> None:
        self._kubeconfig = str(kubeconfig) if kubeconfig else None

    def __call__(self) -> list[Metric]:
        cluster = connect(self._kubeconfig, request_timeout=TIMEOUT)
        desired = gauge("platform_bot_desired", "Pods that the client's bot shall have", "client")
        ready = gauge("platform_bot_ready", "Pods of the client's bot that trade", "client")
        for deployment in cluster.list(DEPLOYMENTS, None, labels=SELECTOR):
            name = deployment["metadata"]["namespace"]
            if _is_client(name):
                desired.add_metric([name], deployment["spec"].get("replicas", 1))
                ready.add_metric([name], deployment.get("status", {}).get("readyReplicas", 0))
        return [desired, ready]


def _is_client(namespace: str) -> bool:
    try:
        Client.from_host(namespace)
    except PlatformError:
        return False
    return True


__all__ = ("SELECTOR", "Bots")
