# SPDX-License-Identifier: GPL-3.0-or-later
"""Ethereum's log bloom: a block's header tells which addresses and topics its logs have."""

from __future__ import annotations

import typing as t

from eth_utils.crypto import keccak

if t.TYPE_CHECKING:
    from collections.abc import Iterable


def bloom_of(items: Iterable[str]) -> int:
    """Return the bloom of addresses and topics (``0x…``) as a number of 2048 bits."""
    bloom = 0
    for item in items:
        digest = keccak(hexstr=item)
        for place in (0, 2, 4):
            bloom |= 1 << (int.from_bytes(digest[place : place + 2], "big") & 2047)
    return bloom


def covers(bloom: int, other: int) -> bool:
    """Tell whether *bloom* has every bit of *other*."""
    return other & ~bloom == 0


__all__ = ("bloom_of", "covers")
