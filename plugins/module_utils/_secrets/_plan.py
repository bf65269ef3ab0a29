# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What a client's secrets shall be: pure functions from what is there to what is written."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._random import (
    random_text,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._store import (
    Content,
    Secret,
)

FLOOR: t.Final = "floor"
"""Note of the database secret: no exchange secret of a lower sequence is made any more."""
PAYLOAD: t.Final = "payload-sha256"
"""Note of an exchange secret: the digest of the public sealed payload that it came from."""
API_KEYS: t.Final = ("password", "jwt_secret_key", "ws_token")


@dataclasses.dataclass(frozen=True)
class Exchange:
    """The exchange secret that a command asks for.

    :param digest: SHA-256 of its sealed payload in hexadecimal.
    :param data: the exchange keys; None when the command brought none.
    """

    sequence: int
    digest: str
    data: t.Mapping[str, str] | None = dataclasses.field(repr=False)


def floor_of(database: Secret | None) -> int:
    """Return the lowest sequence that may still make an exchange secret."""
    return 0 if database is None else int(database.content.notes.get(FLOOR, "0"))


def plan_database(current: Secret | None, url_of: t.Callable[[str], str]) -> Content | None:
    """Return the new content of the database secret, or None when it is as wanted.

    :param url_of: makes the URL from the password. An existing password is kept.
    """
    content = Content({}) if current is None else current.content
    password = content.data.get("password") or random_text()
    data = {**content.data, "password": password, "DATABASE_URL": url_of(password)}
    return None if data == content.data else Content(data, content.notes)


def plan_api(current: Secret | None, username: str) -> Content | None:
    """Return the new content of the API secret, or None when it is as wanted; values that exist are kept."""
    content = Content({}) if current is None else current.content
    made = {key: content.data.get(key) or random_text() for key in API_KEYS}
    data = {**content.data, "username": username, **made}
    return None if data == content.data else Content(data, content.notes)


def plan_exchange(current: Secret | None, wanted: Exchange, floor: int) -> Content | None:
    """Return the content of a new exchange secret, or None when there is none to make.

    :raises PlatformError: ``fence_stale`` below the floor; ``secret_conflict`` when the secret exists and
        came from another payload.
    """
    if wanted.sequence < floor:
        raise PlatformError(
            "fence_stale",
            f"The secrets of command {wanted.sequence} are gone for good; the lowest to be made is {floor}",
            sequence=wanted.sequence,
            floor=floor,
        )
    if wanted.data is None:
        return None
    if current is None:
        return Content(wanted.data, {PAYLOAD: wanted.digest}, immutable=True)
    if not current.content.immutable or current.content.notes.get(PAYLOAD) != wanted.digest:
        raise PlatformError(
            "secret_conflict", f"The secret {current.name} exists and came from another payload"
        )
    return None


def plan_floor(current: Secret | None, floor: int) -> Content | None:
    """Return the database secret's content with a higher floor, or None; the floor never falls."""
    if current is None or floor_of(current) >= floor:
        return None
    return dataclasses.replace(current.content, notes={**current.content.notes, FLOOR: str(floor)})


def plan_prune(client: Client, names: t.Iterable[str], sequence: int, keep: t.Collection[str]) -> list[str]:
    """Return the exchange secrets up to ``sequence`` that are not to be kept."""
    return [
        name
        for name in exchange_names(client, names)
        if sequence_of(client, name) <= sequence and name not in keep
    ]


def exchange_names(client: Client, names: t.Iterable[str]) -> list[str]:
    """Return those of the names that are exchange secrets of the client, in the order of their sequence."""
    found = [name for name in names if re.fullmatch(rf"{client.host}-exchange-\d+", name)]
    return sorted(found, key=lambda name: sequence_of(client, name))


def sequence_of(client: Client, name: str) -> int:
    """Return the number at the end of an exchange secret's name."""
    return int(name.removeprefix(client.exchange_secret(0)[:-1]))


__all__ = (
    "API_KEYS",
    "FLOOR",
    "PAYLOAD",
    "Exchange",
    "exchange_names",
    "floor_of",
    "plan_api",
    "plan_database",
    "plan_exchange",
    "plan_floor",
    "plan_prune",
    "sequence_of",
)
