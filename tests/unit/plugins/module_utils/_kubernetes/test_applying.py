# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Objects in a real Kubernetes API, applied and removed."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.applying import (
    Applied,
    apply_all,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    SERVICES,
    Cluster,
    NotFound,
    Resource,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.exposure import (
    load_balancers,
    remove_load_balancers,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.polling import Stopwatch
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
NUMBERS = itertools.count(1)
FINALIZER = "service.kubernetes.io/load-balancer-cleanup"


class Room(t.NamedTuple):
    """A namespace of its own."""

    cluster: Cluster
    namespace: str

    def apply(self, check: bool = False, **data: str) -> Applied:
        metadata = {"name": "settings", "namespace": self.namespace, "labels": {"a": "b"}}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        (applied,) = apply_all(self.cluster, [(CONFIG_MAPS, body)], check=check)
        return applied

    def create_service(self, name: str, kind: str = "LoadBalancer", *finalizers: str) -> None:
        metadata = {"name": name, "finalizers": list(finalizers)}
        spec = {"type": kind, "ports": [{"port": 80}], "selector": {"app": "x"}}
        self.cluster.create(SERVICES, self.namespace, {"metadata": metadata, "spec": spec})


@pytest.fixture
def room(kube_api: KubeApi) -> Room:
    name = f"applying-{next(NUMBERS)}"
    kube_api.create_namespace(name)
    return Room(connect(str(kube_api.kubeconfig)), name)


def test_a_check_says_what_would_come_and_leaves_nothing(room: Room) -> None:
    foreseen = room.apply(check=True, a="1")
    assert foreseen.changed
    assert foreseen.before is None
    assert foreseen.after["data"] == {"a": "1"}
    with pytest.raises(NotFound):
        room.cluster.get(CONFIG_MAPS, room.namespace, "settings")


def test_an_object_is_applied_once(room: Room) -> None:
    assert room.apply(a="1").changed
    assert not room.apply(a="1").changed
    assert not room.apply(check=True, a="1").changed


def test_a_change_is_foreseen_and_then_made(room: Room) -> None:
    room.apply(a="1", b="2")
    foreseen = room.apply(check=True, a="3")
    assert room.cluster.get(CONFIG_MAPS, room.namespace, "settings")["data"] == {"a": "1", "b": "2"}
    made = room.apply(a="3")
    assert (made.before, made.after) == (foreseen.before, foreseen.after)
    assert room.cluster.get(CONFIG_MAPS, room.namespace, "settings")["data"] == {"a": "3"}


def test_only_services_with_load_balancers_are_removed(room: Room) -> None:
    room.create_service("outside")
    room.create_service("inside", "ClusterIP")
    name = f"{room.namespace}/outside"
    assert remove_load_balancers(room.cluster, Stopwatch(5), check=True) == [name]
    assert len(load_balancers(room.cluster)) == 1
    assert remove_load_balancers(room.cluster, Stopwatch(5)) == [name]
    assert load_balancers(room.cluster) == []
    assert remove_load_balancers(room.cluster, Stopwatch(5)) == []
    assert room.cluster.get(SERVICES, room.namespace, "inside")


def test_a_load_balancer_that_the_cloud_keeps_is_waited_for(room: Room) -> None:
    room.create_service("outside", "LoadBalancer", FINALIZER)
    pauses: list[float] = []

    def let_go(seconds: float) -> None:
        pauses.append(seconds)
        body = {"metadata": {"finalizers": None}}
        room.cluster.patch(SERVICES, room.namespace, "outside", body)

    assert remove_load_balancers(room.cluster, Stopwatch(5, sleep=let_go)) == [f"{room.namespace}/outside"]
    assert len(pauses) == 1


def test_a_load_balancer_that_stays_is_told(room: Room) -> None:
    room.create_service("outside", "LoadBalancer", FINALIZER)
    with pytest.raises(PlatformError, match=f"{room.namespace}/outside") as caught:
        remove_load_balancers(room.cluster, Stopwatch(0))
    assert caught.value.code == "load_balancer_stays"
    room.cluster.patch(SERVICES, room.namespace, "outside", {"metadata": {"finalizers": None}})
