# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._plan import (
    Exchange,
    floor_of,
    plan_api,
    plan_database,
    plan_exchange,
    plan_floor,
    plan_prune,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._random import (
    random_text,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._store import (
    Content,
    Secret,
)

CLIENT = Client(1)
KEYS = {"BINANCE_API_KEY": "key", "BINANCE_SECRET_KEY": "secret"}


def _url(password: str) -> str:
    return f"url-with-{password}"


def _secret(content: Content | None) -> Secret:
    assert content is not None
    return Secret("name", content, "1")


def test_random_text_is_never_read_as_a_number() -> None:
    made = {random_text() for _time in range(2000)}
    assert len(made) == 2000
    assert all(text.isascii() and text.isalnum() and text[0].isalpha() and len(text) >= 32 for text in made)


def test_a_new_password_is_in_the_url_and_stays() -> None:
    first = plan_database(None, _url)
    assert first is not None
    assert first.data["DATABASE_URL"] == _url(first.data["password"])
    assert plan_database(_secret(first), _url) is None


def test_a_moved_database_changes_the_url_and_neither_password_nor_floor() -> None:
    current = Content({"password": "kept", "DATABASE_URL": "old", "foreign": "kept too"}, {"floor": "4"})
    assert plan_database(_secret(current), _url) == Content(
        {"password": "kept", "DATABASE_URL": _url("kept"), "foreign": "kept too"}, {"floor": "4"}
    )


def test_api_values_are_made_once_and_only_the_missing_one_again() -> None:
    first = plan_api(None, "cliente-001")
    assert first is not None
    assert first.data["username"] == "cliente-001"
    assert len({*first.data.values()}) == 4
    assert plan_api(_secret(first), "cliente-001") is None
    second = plan_api(_secret(Content({**first.data, "ws_token": ""})), "cliente-001")
    assert second is not None
    assert {key for key in first.data if first.data[key] != second.data[key]} == {"ws_token"}


def test_an_exchange_secret_is_immutable_and_knows_its_payload() -> None:
    content = plan_exchange(None, Exchange(7, "digest", KEYS), 0)
    assert content == Content(KEYS, {"payload-sha256": "digest"}, immutable=True)
    assert plan_exchange(_secret(content), Exchange(7, "digest", KEYS), 7) is None


def test_no_exchange_keys_make_no_secret() -> None:
    assert plan_exchange(None, Exchange(7, "digest", None), 0) is None


@pytest.mark.parametrize("data", [KEYS, None])
def test_a_sequence_below_the_floor_is_stale(data: dict[str, str] | None) -> None:
    with pytest.raises(PlatformError) as caught:
        plan_exchange(None, Exchange(7, "digest", data), 8)
    assert (caught.value.code, caught.value.details) == ("fence_stale", {"sequence": 7, "floor": 8})


@pytest.mark.parametrize(
    "found",
    [
        Content(KEYS, {"payload-sha256": "other"}, immutable=True),
        Content(KEYS, {"payload-sha256": "digest"}, immutable=False),
        Content(KEYS, {}, immutable=True),
    ],
)
def test_a_secret_from_another_payload_is_a_conflict(found: Content) -> None:
    with pytest.raises(PlatformError) as caught:
        plan_exchange(_secret(found), Exchange(7, "digest", KEYS), 0)
    assert caught.value.code == "secret_conflict"


@pytest.mark.parametrize(
    ("current", "floor", "planned"),
    [("", 1, "1"), ("3", 4, "4"), ("4", 4, None), ("9", 4, None), ("9", 10, "10")],
)
def test_the_floor_only_rises(current: str, floor: int, planned: str | None) -> None:
    content = plan_floor(_secret(Content({"a": "b"}, {"floor": current} if current else {})), floor)
    assert (None if content is None else content.notes["floor"]) == planned
    assert content is None or content.data == {"a": "b"}


def test_a_client_without_secrets_has_floor_0_and_keeps_it() -> None:
    assert floor_of(None) == 0
    assert plan_floor(None, 5) is None


@pytest.mark.parametrize(
    ("sequence", "keep", "pruned"),
    [
        (7, ["cliente-001-exchange-7"], ["cliente-001-exchange-3"]),
        (7, ["cliente-001-exchange-3"], ["cliente-001-exchange-7"]),
        (7, [], ["cliente-001-exchange-3", "cliente-001-exchange-7"]),
        (10, [], ["cliente-001-exchange-3", "cliente-001-exchange-7", "cliente-001-exchange-10"]),
        (2, [], []),
    ],
)
def test_only_exchange_secrets_up_to_the_sequence_are_pruned(
    sequence: int, keep: list[str], pruned: list[str]
) -> None:
    names = [
        *(f"cliente-001-exchange-{number}" for number in (10, 3, 7)),
        "cliente-001-database",
        "cliente-001-exchange-x",
        "cliente-0011-exchange-1",
        "by-hand",
    ]
    assert plan_prune(CLIENT, names, sequence, keep) == pruned
