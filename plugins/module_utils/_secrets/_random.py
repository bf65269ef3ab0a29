# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Random values that Freqtrade reads as text."""

from __future__ import annotations

import secrets
import string
import typing as t

LENGTH: t.Final = 48
_CHARACTERS: t.Final = string.ascii_letters + string.digits


def random_text() -> str:
    """Return 48 letters and digits (285 bits) that start with a letter.

    Freqtrade turns what looks like a number or a list into one, and wants 32 characters or more for its
    JWT secret. None of these needs quoting in a URL.
    """
    first = secrets.choice(string.ascii_letters)
    return first + "".join(secrets.choice(_CHARACTERS) for _place in range(LENGTH - 1))


__all__ = ("random_text",)
