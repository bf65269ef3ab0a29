# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Values of a plan's resources and outputs as they may be shown: without what is sensitive."""

from __future__ import annotations

import collections.abc
import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.program import (
    Json,
)

SENSITIVE: t.Final = "(sensitive)"
UNKNOWN: t.Final = "(known after apply)"
_SHORTEST_SECRET: t.Final = 4
"""Characters below which hiding each copy of a text would hide everything."""


@dataclasses.dataclass(frozen=True)
class Side:
    """A resource before or after a change.

    :ivar value: its attributes; None where there is no resource.
    :ivar sensitive: True, or the places within the value that are, in its own shape.
    :ivar unknown: the same for what only the apply will tell.
    """

    value: t.Any
    sensitive: t.Any
    unknown: t.Any

    def part(self, place: t.Any) -> Side:
        """Return an attribute or element."""
        return Side(_at(self.value, place), _at(self.sensitive, place), _at(self.unknown, place))

    def shown(self, secrets: collections.abc.Set[str]) -> t.Any:
        """Return the value with words in place of what may not be shown or is not known yet.

        :param secrets: texts that are hidden wherever they occur.
        """
        if self.sensitive is True:
            return SENSITIVE
        if self.unknown is True:
            return UNKNOWN
        value = self.value
        if isinstance(value, list):
            return [self.part(index).shown(secrets) for index in range(len(value))]
        if isinstance(value, dict) or (value is None and self.unknown):
            names = dict.fromkeys([*(value or {}), *(self.unknown or {})])
            parts = {name: self.part(name).shown(secrets) for name in names}
            return {name: each for name, each in parts.items() if each is not None}
        if isinstance(value, str) and any(secret in value for secret in secrets):
            return SENSITIVE
        return value

    def secrets(self) -> t.Iterator[str]:
        """Yield the sensitive texts: a copy of them elsewhere is so too, though nobody has marked it."""
        if isinstance(self.value, dict | list):
            for place in self.value if isinstance(self.value, dict) else range(len(self.value)):
                part = self.part(place)
                yield from (
                    dataclasses.replace(part, sensitive=True) if self.sensitive is True else part
                ).secrets()
        elif self.sensitive is True and isinstance(self.value, str) and len(self.value) >= _SHORTEST_SECRET:
            yield self.value


def sides(change: Json) -> tuple[Side, Side]:
    """Return both sides of a ``change`` of Terraform's plan."""
    return (
        Side(change["before"], change["before_sensitive"], {}),
        Side(change["after"], change["after_sensitive"], change["after_unknown"]),
    )


def shown_outputs(outputs: Json) -> Json:
    """Return the values of outputs that are not sensitive."""
    return {
        name: each["value"] for name, each in outputs.items() if not each["sensitive"] and "value" in each
    }


def _at(value: t.Any, place: t.Any) -> t.Any:
    try:
        return value[place]
    except (KeyError, IndexError, TypeError):
        return None


__all__ = ("SENSITIVE", "UNKNOWN", "Side", "shown_outputs", "sides")
