# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Both backends keep the same promises."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import (
    client as kubernetes,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import (
    Changed,
    Content,
    Store,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._aws_store import (
    AwsStore,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._kubernetes_store import (
    KubernetesStore,
)
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi

from .conftest import Room

CONTENT = Content({"password": "pässword", "empty": ""}, {"floor": "3"})


def test_what_was_created_is_read_back(room: Room) -> None:
    store, name = room.open(), room.client.database_secret
    assert store.read(name) is None
    store.create(name, CONTENT)
    found = store.read(name)
    assert found is not None
    assert (found.name, found.content) == (name, CONTENT)


def test_immutability_is_kept(room: Room) -> None:
    store, name = room.open(), room.client.exchange_secret(7)
    store.create(name, dataclasses.replace(CONTENT, immutable=True))
    found = store.read(name)
    assert found is not None
    assert found.content.immutable


def test_a_second_creation_finds_the_first(room: Room) -> None:
    store, name = room.open(), room.client.database_secret
    store.create(name, CONTENT)
    with pytest.raises(Changed):
        room.open().create(name, Content({"password": "another"}))
    found = store.read(name)
    assert found is not None
    assert found.content == CONTENT


def test_of_two_writers_who_read_the_same_one_loses(room: Room) -> None:
    first, second, name = room.open(), room.open(), room.client.database_secret
    first.create(name, CONTENT)
    seen_by_first, seen_by_second = first.read(name), second.read(name)
    assert seen_by_first is not None
    assert seen_by_second is not None
    first.replace(seen_by_first, Content({"password": "first"}, {"floor": "4"}))
    with pytest.raises(Changed):
        second.replace(seen_by_second, Content({"password": "second"}, {"floor": "5"}))
    found = second.read(name)
    assert found is not None
    assert (found.content.data["password"], found.content.notes) == ("first", {"floor": "4"})


def test_a_writer_who_lost_once_wins_after_reading_again(room: Room) -> None:
    store, name = room.open(), room.client.database_secret
    store.create(name, CONTENT)
    for floor in ("4", "5", "6"):
        current = store.read(name)
        assert current is not None
        store.replace(current, Content(CONTENT.data, {"floor": floor}))
    found = store.read(name)
    assert found is not None
    assert found.content.notes == {"floor": "6"}


def test_names_are_those_of_the_client(room: Room) -> None:
    store, client = room.open(), room.client
    for name in (client.database_secret, client.api_secret, client.exchange_secret(12)):
        store.create(name, CONTENT)
    assert store.names() == sorted([client.database_secret, client.api_secret, client.exchange_secret(12)])


def test_deleting_twice_is_no_error(room: Room) -> None:
    store, name = room.open(), room.client.api_secret
    store.create(name, CONTENT)
    store.delete(name)
    store.delete(name)
    assert store.read(name) is None
    store.create(name, CONTENT)


def test_kubernetes_leaves_secrets_of_others_alone(kubernetes_room: Room, kube_api: KubeApi) -> None:
    path = f"/api/v1/namespaces/{kubernetes_room.client.namespace}/secrets"
    kube_api.request("POST", path, {"metadata": {"name": "by-hand"}, "stringData": {"key": "value"}})
    assert kubernetes_room.open().names() == []


def test_kubernetes_itself_refuses_to_change_an_immutable_secret(kubernetes_room: Room) -> None:
    store, name = kubernetes_room.open(), kubernetes_room.client.exchange_secret(1)
    store.create(name, dataclasses.replace(CONTENT, immutable=True))
    found = store.read(name)
    assert found is not None
    with pytest.raises(PlatformError) as caught:
        store.replace(found, Content({"password": "another"}))
    assert caught.value.code == "kubernetes_refused"


def test_aws_leaves_no_version_behind_that_was_not_taken_up(aws_room: Room) -> None:
    store, name = aws_room.open(), aws_room.client.database_secret
    store.create(name, CONTENT)
    stale = store.read(name)
    assert stale is not None
    store.replace(stale, Content({"password": "new"}))
    with pytest.raises(Changed):
        store.replace(stale, Content({"password": "late"}))
    stages = aws_room.aws.describe_secret(SecretId=f"bot_freqtrade/{name}")["VersionIdsToStages"]
    assert sorted(label for labels in stages.values() for label in labels) == ["AWSCURRENT", "AWSPREVIOUS"]


def test_aws_secrets_that_the_platform_did_not_make_are_a_conflict(aws_room: Room) -> None:
    name = aws_room.client.database_secret
    aws_room.aws.create_secret(Name=f"bot_freqtrade/{name}", SecretString="plain canary text")
    with pytest.raises(PlatformError) as caught:
        aws_room.open().read(name)
    assert caught.value.code == "secret_conflict"
    assert "canary" not in str(caught.value)


def test_an_unreachable_store_is_undecided(
    kubernetes_room: Room, kube_api: KubeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = kube_api.kubeconfig.with_name("nowhere")
    nowhere.write_text(kube_api.kubeconfig.read_text().replace(kube_api.url, "https://127.0.0.1:1"))
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    host = kubernetes_room.client.host
    stores: dict[str, Store] = {
        "kubernetes_unreachable": KubernetesStore(kubernetes.connect(str(nowhere)), host),
        "secret_store_unreachable": AwsStore(connect("eu-central-1", "http://127.0.0.1:1"), "", host),
    }
    for code, store in stores.items():
        with pytest.raises(PlatformError) as caught:
            store.read("any")
        assert (caught.value.code, caught.value.category.value) == (code, "undecided")
