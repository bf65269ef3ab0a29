# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Stores of secrets: a real Kubernetes API, and moto's Secrets Manager on loopback."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import (
    client as kubernetes,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import Store
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._aws_store import (
    AwsStore,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._kubernetes_store import (
    KubernetesStore,
)
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi
from moto.server import ThreadedMotoServer

_NUMBERS = itertools.count(100)


@dataclasses.dataclass(frozen=True)
class Room:
    """A client that nobody had before, and how to open its store."""

    client: Client
    open: t.Callable[[], Store]
    aws: t.Any = None
    """boto3's client where the store is AWS."""


@pytest.fixture(scope="session")
def aws_url() -> t.Iterator[str]:
    """Address of a server that plays AWS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws_room(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = Client(next(_NUMBERS))
    api = connect("eu-central-1", aws_url)
    return Room(client, lambda: AwsStore(api, "bot_freqtrade/", client.host), api)


@pytest.fixture
def kubernetes_room(kube_api: KubeApi) -> Room:
    client = Client(next(_NUMBERS))
    kube_api.create_namespace(client.namespace)
    cluster = kubernetes.connect(str(kube_api.kubeconfig))
    return Room(client, lambda: KubernetesStore(cluster, client.namespace))


@pytest.fixture(params=["kubernetes", "aws"])
def room(request: pytest.FixtureRequest) -> Room:
    """A new client in each backend in turn."""
    found: Room = request.getfixturevalue(f"{request.param}_room")
    return found
