# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Hide what looks like a secret in text that a bot wrote.

The control plane does not read the client's Secrets to compare with: it needs no right to, and a secret that
never enters the process cannot leave it. Whatever has the form of one is hidden, some harmless ids too.
"""

from __future__ import annotations

import re
import typing as t

MASK: t.Final = "***"

_RULES: t.Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # the user and password of a URL; a password may hold any character but white space
    (re.compile(r"(?<=://)[^\s/@]*:\S*@"), f"{MASK}@"),
    (re.compile(r"\b(basic|bearer|negotiate)\s+\S+", re.IGNORECASE), rf"\1 {MASK}"),
    # a value after its telling name, as JSON, query, header or assignment
    (
        re.compile(
            r"((?:pass(?:word|wd|phrase)|secret|token|api[-_]?key|signature|credential|private[-_]?key|jwt)"
            r"[\w-]*[\"']?\s*(?:[:=]|%3D)\s*[\"']?)[^\s\"',;&}]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # a long run of the base64, hexadecimal or percent alphabet with a digit and a letter in it
    (re.compile(r"(?=[^\d\s]*\d)(?=[^A-Za-z\s]*[A-Za-z])[A-Za-z0-9+/_%=-]{20,}"), MASK),
)


def mask(text: str) -> str:
    """Return ``text`` with everything that looks like a secret replaced."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


__all__ = ("MASK", "mask")
