# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Read, plan and write a client's secrets; only names and key names come out."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._plan import (
    Exchange,
    exchange_names,
    floor_of,
    plan_api,
    plan_database,
    plan_exchange,
    plan_floor,
    plan_prune,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._store import (
    Changed,
    Content,
    Secret,
    Store,
)

_ROUNDS: t.Final = 5


@dataclasses.dataclass(frozen=True)
class Step:
    """One secret before and after; None where there is none.

    :param written: the keys whose values were written, or would be.
    """

    name: str
    before: Content | None
    after: Content | None
    written: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return self.before is not self.after


@dataclasses.dataclass(frozen=True)
class Change:
    """What was done to a client's secrets, or would be; it holds values, so only its texts are shown.

    :param floor: the lowest sequence that may still make an exchange secret.
    """

    steps: tuple[Step, ...]
    floor: int

    @property
    def changed(self) -> bool:
        return any(step.changed for step in self.steps)

    @property
    def removed(self) -> list[str]:
        """Names of the secrets that are no more."""
        return [step.name for step in self.steps if step.before is not None and step.after is None]

    def diff(self) -> dict[str, t.Any]:
        """Return before and after by name, with key names and notes only."""
        after = {step.name: _described(step.after) for step in self.steps if step.after}
        for step in self.steps:
            if step.written:
                after[step.name]["written"] = list(step.written)
        return {
            "before": {step.name: _described(step.before) for step in self.steps if step.before},
            "after": after,
        }


class ClientSecrets:
    """The secrets of one client in a store.

    :param check: read and plan only.

    Every method raises what the store raises, and ``secret_store_unreachable`` when others kept changing a
    secret under it.
    """

    def __init__(self, store: Store, client: Client, *, check: bool) -> None:
        self._store = store
        self._client = client
        self._check = check

    def ensure(self, url_of: t.Callable[[str], str], exchange: Exchange | None) -> Change:
        """Make the database and API secrets once, and the exchange secret of a command.

        :param url_of: makes the database URL from the password.
        :raises PlatformError: ``fence_stale`` or ``secret_conflict``, see :func:`plan_exchange`.
        """
        client = self._client
        floor = self._floor()
        if exchange is not None:
            plan_exchange(None, exchange, floor)
        steps = [
            self._settle(client.database_secret, lambda current: plan_database(current, url_of)),
            self._settle(client.api_secret, lambda current: plan_api(current, client.host)),
        ]
        if exchange is not None and exchange.data is not None:
            steps.append(self._ensure_exchange(exchange))
        return Change(tuple(steps), floor)

    def prune(self, sequence: int, keep: t.Collection[str], floor: int) -> Change:
        """Raise the floor, then delete the exchange secrets up to ``sequence`` that are not to be kept.

        :param floor: no exchange secret below it is made from now on.
        """
        database = self._settle(self._client.database_secret, lambda current: plan_floor(current, floor))
        names = plan_prune(self._client, self._store.names(), sequence, keep)
        steps = (database, *map(self._remove, names))
        return Change(steps, floor if database.changed else self._floor())

    def remove(self) -> Change:
        """Delete every secret of the client."""
        client = self._client
        names = self._store.names()
        own = [name for name in (client.api_secret, client.database_secret) if name in names]
        return Change(tuple(map(self._remove, [*exchange_names(client, names), *own])), 0)

    def password(self) -> str | None:
        """Return the database password, or None when it is not made yet."""
        secret = self._store.read(self._client.database_secret)
        return None if secret is None else secret.content.data.get("password")

    def _ensure_exchange(self, exchange: Exchange) -> Step:
        name = self._client.exchange_secret(exchange.sequence)
        step = self._settle(name, lambda current: plan_exchange(current, exchange, self._floor()))
        if step.changed and not self._check:
            # A newer run may have pruned between the look at the floor and the write.
            try:
                plan_exchange(None, exchange, self._floor())
            except PlatformError:
                self._store.delete(name)
                raise
        return step

    def _floor(self) -> int:
        return floor_of(self._store.read(self._client.database_secret))

    def _settle(self, name: str, plan: t.Callable[[Secret | None], Content | None]) -> Step:
        """Read, plan and write one secret, again from the start when somebody else was faster."""
        for _round in range(_ROUNDS):
            current = self._store.read(name)
            before = None if current is None else current.content
            content = plan(current)
            if content is None:
                return Step(name, before, before)
            try:
                self._write(name, current, content)
            except Changed:
                continue
            return Step(name, before, content, _written(before, content))
        raise PlatformError(
            "secret_store_unreachable", f"The secret {name} was changed by others {_ROUNDS} times in a row"
        )

    def _write(self, name: str, current: Secret | None, content: Content) -> None:
        if self._check:
            return
        if current is None:
            self._store.create(name, content)
        else:
            self._store.replace(current, content)

    def _remove(self, name: str) -> Step:
        current = self._store.read(name)
        if not self._check:
            self._store.delete(name)
        return Step(name, None if current is None else current.content, None)


def _described(content: Content) -> dict[str, t.Any]:
    return {"keys": sorted(content.data), "notes": dict(content.notes), "immutable": content.immutable}


def _written(before: Content | None, after: Content) -> tuple[str, ...]:
    old = {} if before is None else before.data
    return tuple(sorted(key for key, value in after.data.items() if old.get(key) != value))


__all__ = ("Change", "ClientSecrets", "Step")
