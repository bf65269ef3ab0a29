# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed values of a node's answers; whatever has another shape is not believed.

Every function raises PlatformError ``chain_invalid``.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from listener.store import Block

from .rpc import invalid

if t.TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Header:
    """A block and the bloom of its logs, a number of 2048 bits."""

    block: Block
    bloom: int


@dataclass(frozen=True, slots=True, order=True)
class Log:
    """A log of the contract's event; *place* is (block number, log index)."""

    place: tuple[int, int]
    block_hash: str
    tx_hash: str
    topics: tuple[str, ...]
    data: str


def to_header(answer: t.Any) -> Header:
    """Return the header of a block's object."""
    if not isinstance(answer, dict):
        raise invalid("a block is no object")
    block = Block(
        number=to_number(answer.get("number")),
        hash=to_hash(answer.get("hash")),
        parent=to_hash(answer.get("parentHash")),
        time=to_number(answer.get("timestamp")),
    )
    return Header(block, to_number(answer.get("logsBloom")))


def to_log(item: dict[str, t.Any], headers: dict[int, Header]) -> Log:
    """Return a log of one of the blocks *headers*."""
    number = to_number(item.get("blockNumber"))
    header = headers.get(number)
    if header is None or header.block.hash != item.get("blockHash") or item.get("removed"):
        raise invalid(f"a log is of block {number} {item.get('blockHash')}, which was not asked for")
    return Log(
        place=(number, to_number(item.get("logIndex"))),
        block_hash=header.block.hash,
        tx_hash=to_hash(item.get("transactionHash")),
        topics=tuple(to_hash(topic) for topic in item["topics"]),
        data=to_text(item.get("data")),
    )


def bloom_items(items: list[dict[str, t.Any]]) -> Iterable[str]:
    """Yield what the bloom of a block with these logs is made of."""
    for item in items:
        yield to_text(item.get("address"))
        yield from (to_hash(topic) for topic in item.get("topics", []))


def to_objects(answer: t.Any) -> list[dict[str, t.Any]]:
    """Return a list of objects as it is."""
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise invalid("logs are no list of objects")
    return answer


def to_text(value: t.Any) -> str:
    """Return a hexadecimal string in lower case, ``0x…``."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise invalid("a field is not hexadecimal")
    return value.lower()


def to_hash(value: t.Any) -> str:
    """Return 32 bytes as ``0x`` and 64 hexadecimal digits."""
    text = to_text(value)
    if len(text) != 66:
        raise invalid("a hash has not 32 bytes")
    return text


def to_number(value: t.Any) -> int:
    """Return the number of a hexadecimal string."""
    try:
        return int(to_text(value), 16)
    except ValueError as error:
        raise invalid("a field is not a number") from error


__all__ = (
    "Header",
    "Log",
    "bloom_items",
    "to_hash",
    "to_header",
    "to_log",
    "to_number",
    "to_objects",
    "to_text",
)
