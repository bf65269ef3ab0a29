# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import (
    Changed,
    ClientSecrets,
    Content,
    Exchange,
    Store,
)

from .conftest import Room

KEYS = {"BINANCE_API_KEY": "canary-key", "BINANCE_SECRET_KEY": "canary-secret"}


def _url(password: str) -> str:
    return f"canary-url-{password}"


def _exchange(sequence: int, digest: str = "d1") -> Exchange:
    return Exchange(sequence, digest, KEYS)


def _secrets(room: Room, *, check: bool = False) -> ClientSecrets:
    return ClientSecrets(room.open(), room.client, check=check)


class Interrupted:
    """A store in which somebody else acts right before one kind of call."""

    def __init__(self, store: Store, method: str, act: t.Callable[[], None]) -> None:
        self._store = store
        self._method = method
        self._act: t.Callable[[], None] | None = act

    def __getattr__(self, method: str) -> t.Any:
        if method == self._method and self._act is not None:
            act, self._act = self._act, None
            act()
        return getattr(self._store, method)


def test_secrets_are_made_once(room: Room) -> None:
    foreseen = _secrets(room, check=True).ensure(_url, _exchange(1))
    assert room.open().names() == []
    made = _secrets(room).ensure(_url, _exchange(1))
    assert (made.changed, foreseen.changed) == (True, True)
    assert made.diff() == foreseen.diff()
    assert room.open().names() == sorted(
        [room.client.database_secret, room.client.api_secret, room.client.exchange_secret(1)]
    )
    again = _secrets(room).ensure(_url, _exchange(1))
    assert not again.changed
    assert again.diff()["before"] == again.diff()["after"]
    assert _secrets(room).password() == made.steps[0].after.data["password"]  # type: ignore[union-attr]


def test_nothing_shown_holds_a_value(room: Room) -> None:
    change = _secrets(room).ensure(_url, _exchange(1))
    password = _secrets(room).password()
    assert password
    for shown in (repr(change), str(change.diff())):
        assert "canary" not in shown
        assert password not in shown


def test_a_newer_payload_of_the_same_sequence_is_refused(room: Room) -> None:
    _secrets(room).ensure(_url, _exchange(1))
    with pytest.raises(PlatformError) as caught:
        _secrets(room).ensure(_url, _exchange(1, "d2"))
    assert caught.value.code == "secret_conflict"


def test_two_workers_of_one_payload_make_one_secret(room: Room) -> None:
    late = Interrupted(room.open(), "create", lambda: _ensure_quietly(room, "d1"))
    change = ClientSecrets(t.cast(Store, late), room.client, check=False).ensure(_url, _exchange(1))
    assert not change.changed
    assert _secrets(room).ensure(_url, _exchange(1)).changed is False


def test_a_worker_of_another_payload_loses_the_race(room: Room) -> None:
    _secrets(room).ensure(_url, None)
    late = Interrupted(room.open(), "create", lambda: _ensure_quietly(room, "d2"))
    with pytest.raises(PlatformError) as caught:
        ClientSecrets(t.cast(Store, late), room.client, check=False).ensure(_url, _exchange(1))
    assert caught.value.code == "secret_conflict"


def _ensure_quietly(room: Room, digest: str) -> None:
    _secrets(room).ensure(_url, _exchange(1, digest))


def test_pruning_keeps_what_is_named_and_what_is_newer(room: Room) -> None:
    for sequence in (1, 2, 3):
        _secrets(room).ensure(_url, _exchange(sequence))
    keep = [room.client.exchange_secret(1)]
    foreseen = _secrets(room, check=True).prune(2, keep, 3)
    pruned = _secrets(room).prune(2, keep, 3)
    assert pruned.diff() == foreseen.diff()
    assert (pruned.removed, pruned.floor) == ([room.client.exchange_secret(2)], 3)
    assert room.client.exchange_secret(3) in room.open().names()
    again = _secrets(room).prune(2, keep, 3)
    assert (again.changed, again.floor) == (False, 3)


def test_a_worker_below_the_floor_makes_nothing(room: Room) -> None:
    _secrets(room).ensure(_url, None)
    _secrets(room).prune(7, [], 8)
    before = room.open().names()
    with pytest.raises(PlatformError) as caught:
        _secrets(room).ensure(_url, _exchange(7))
    assert caught.value.code == "fence_stale"
    assert room.open().names() == before
    assert _secrets(room).ensure(_url, _exchange(8)).changed


@pytest.mark.parametrize("moment", ["create", "read"])
def test_a_worker_paused_at_any_moment_leaves_no_pruned_secret(room: Room, moment: str) -> None:
    _secrets(room).ensure(_url, None)
    late = Interrupted(room.open(), moment, lambda: _prune_quietly(room))
    with pytest.raises(PlatformError) as caught:
        ClientSecrets(t.cast(Store, late), room.client, check=False).ensure(_url, _exchange(5))
    assert caught.value.code == "fence_stale"
    assert room.client.exchange_secret(5) not in room.open().names()


def _prune_quietly(room: Room) -> None:
    _secrets(room).prune(7, [], 8)


def test_a_floor_raised_meanwhile_survives_a_changed_url(room: Room) -> None:
    _secrets(room).ensure(_url, None)
    late = Interrupted(room.open(), "replace", lambda: _prune_quietly(room))
    ClientSecrets(t.cast(Store, late), room.client, check=False).ensure(lambda text: f"moved-{text}", None)
    found = room.open().read(room.client.database_secret)
    assert found is not None
    assert found.content.notes == {"floor": "8"}
    assert found.content.data["DATABASE_URL"].startswith("moved-")


def test_removal_takes_all_and_foresees_it(room: Room) -> None:
    _secrets(room).ensure(_url, _exchange(1))
    foreseen = _secrets(room, check=True).remove()
    assert len(room.open().names()) == 3
    removed = _secrets(room).remove()
    assert removed.removed == foreseen.removed
    assert room.open().names() == []
    assert not _secrets(room).remove().changed


def test_a_secret_that_others_change_without_end_is_undecided(room: Room) -> None:
    class Restless:
        def read(self, name: str) -> None:
            return None

        def create(self, name: str, content: Content) -> None:
            raise Changed

    with pytest.raises(PlatformError) as caught:
        ClientSecrets(t.cast(Store, Restless()), room.client, check=False).ensure(_url, None)
    assert (caught.value.code, caught.value.category.value) == ("secret_store_unreachable", "undecided")
