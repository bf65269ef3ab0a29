# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What a secret is, and what every store of secrets can do."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Content:
    """What a secret holds.

    :param data: values by key; shown nowhere.
    :param notes: public text kept with them, by key.
    :param immutable: whether it is never changed, only deleted.
    """

    data: t.Mapping[str, str] = dataclasses.field(repr=False)
    notes: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    immutable: bool = False


@dataclasses.dataclass(frozen=True)
class Secret:
    """A secret as a store has it.

    :param version: the store's own mark of this very content.
    """

    name: str
    content: Content
    version: str


class Changed(Exception):
    """Somebody else made or changed the secret first: read again."""


class Store(t.Protocol):
    """One client's secrets in one backend.

    Every method raises ``PlatformError`` when the store cannot be reached or refuses.
    """

    def read(self, name: str) -> Secret | None:
        """Return the secret, or None where there is none."""

    def names(self) -> list[str]:
        """Return the names of the client's secrets, those of other makers left out."""

    def create(self, name: str, content: Content) -> None:
        """Create the secret; raise :class:`Changed` when it exists."""

    def replace(self, secret: Secret, content: Content) -> None:
        """Give ``secret`` a new content; raise :class:`Changed` unless it is at its version still."""

    def delete(self, name: str) -> None:
        """Delete the secret; that there is none is no error."""


__all__ = ("Changed", "Content", "Secret", "Store")
