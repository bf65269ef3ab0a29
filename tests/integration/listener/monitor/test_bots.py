# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes tells of bots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listener.monitor.bots import Bots

from .conftest import Read

LABELS = {"app.kubernetes.io/name": "freqtrade", "app.kubernetes.io/component": "trade"}
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"


@pytest.fixture
def deploy(kube_api: Any) -> Iterator[Any]:
    """Make a Deployment as Argo CD would, with the status that a controller would write."""
    made = []

    def make(namespace: str, replicas: int, ready: int, labels: dict[str, str] = LABELS) -> None:
        kube_api.create_namespace(namespace)
        made.append(namespace)
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "freqtrade", "image": "none"}]},
        }
        body = {
            "metadata": {"name": "bot", "labels": labels},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
        }
        path = DEPLOYMENTS.format(namespace)
        body = kube_api.request("POST", path, body)
        body["status"] = {"replicas": replicas, "readyReplicas": ready}
        kube_api.request("PUT", f"{path}/bot/status", body)

    yield make
    for namespace in made:
        kube_api.request("DELETE", DEPLOYMENTS.format(namespace))
        kube_api.request("DELETE", f"/api/v1/namespaces/{namespace}")


def test_each_bot_has_what_it_shall_and_what_is_ready(kube_api: Any, deploy: Any, read: Read) -> None:
    deploy("cliente-901", 1, 1)
    deploy("cliente-902", 1, 0)
    deploy("cliente-903", 0, 0)
    deploy("elsewhere", 1, 0)
    deploy("cliente-904", 1, 0, {"app.kubernetes.io/name": "another"})
    found = read(Bots(kube_api.kubeconfig))
    told = {name: value for name, value in found.items() if name.startswith("platform_bot_")}
    assert told == {
        "platform_bot_desired{client=cliente-901}": 1,
        "platform_bot_desired{client=cliente-902}": 1,
        "platform_bot_desired{client=cliente-903}": 0,
        "platform_bot_ready{client=cliente-901}": 1,
        "platform_bot_ready{client=cliente-902}": 0,
        "platform_bot_ready{client=cliente-903}": 0,
    }


def test_a_cluster_that_is_away_is_a_source_that_is_down(tmp_path: Path, read: Read) -> None:
    assert read(Bots(tmp_path / "nothing"))["platform_monitor_source_up{source=it}"] == 0
