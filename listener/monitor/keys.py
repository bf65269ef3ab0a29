# SPDX-License-Identifier: GPL-3.0-or-later
"""The age of the platform's keys, which the contract has published and not revoked."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from eth_utils.crypto import keccak

from listener.chain import AnswerError
from listener.chain.answers import to_hash, to_number, to_objects, to_text
from listener.chain.rpc import invalid

from .sources import gauge

if t.TYPE_CHECKING:
    from prometheus_client.core import Metric

    from listener.chain import ChainReader

PUBLISHED: t.Final = "0x" + keccak(text="KeyPublished(bytes4,uint8,bytes)").hex()
REVOKED: t.Final = "0x" + keccak(text="KeyRevoked(bytes4)").hex()
MOST_BLOCKS: t.Final = 10_000
"""Blocks that are asked for at once; halved on a provider's limits."""
STEPS: t.Final = 20
"""Requests for logs at one scrape; what is left is read at the next ones."""


@dataclass(frozen=True, slots=True)
class _Key:
    suite: int
    published: int


class Keys:
    """The keys that payloads may be sealed to, as the contract's events up to the final block tell.

    :param start_block: at most the block in which the contract was deployed.
    """

    def __init__(self, reader: ChainReader, start_block: int) -> None:
        self._reader = reader
        self._next = start_block
        self._size = MOST_BLOCKS
        self._keys: dict[str, _Key] = {}
        self._current: dict[int, str] = {}

    def __call__(self) -> list[Metric]:
        unread = self._advance()
        left = gauge("platform_key_blocks_unread", "Final blocks not yet searched for the platform's keys")
        left.add_metric([], unread)
        published = gauge(
            "platform_key_published_timestamp_seconds",
            "When a key was published that payloads may still be sealed to",
            "key_id",
            "suite",
            "current",
        )
        for key_id, key in self._keys.items():
            current = self._current.get(key.suite) == key_id
            published.add_metric([key_id, str(key.suite), str(current).lower()], key.published)
        return [left, published]

    def _advance(self) -> int:
        """Read on; return how many final blocks are left."""
        head = self._reader.head()
        if head is None:
            return 0
        for _ in range(STEPS):
            if self._next > head.number:
                break
            last = min(head.number, self._next + self._size - 1)
            try:
                logs = self._logs(self._next, last)
            except AnswerError:
                if self._size == 1:
                    raise
                self._size = max(1, self._size // 2)
                continue
            for log in logs:
                self._take(log)
            self._next = last + 1
        return max(0, head.number + 1 - self._next)

    def _logs(self, first: int, last: int) -> list[dict[str, t.Any]]:
        query = {
            "address": self._reader.contract,
            "topics": [[PUBLISHED, REVOKED]],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        (answer,) = self._reader.results([("eth_getLogs", [query])])
        found = to_objects(answer)
        for log in found:
            if to_text(log.get("address")) != self._reader.contract:
                raise invalid("a log has another address than the filter")
            if not first <= to_number(log.get("blockNumber")) <= last:
                raise invalid("a log is of another block than was asked for")
        return sorted(found, key=lambda log: (to_number(log["blockNumber"]), to_number(log.get("logIndex"))))

    def _take(self, log: dict[str, t.Any]) -> None:
        event, *arguments = (to_hash(topic) for topic in log.get("topics", ()))
        key_id = arguments[0][:10]
        if event == PUBLISHED:
            suite = to_number(arguments[1])
            self._keys[key_id] = _Key(suite, self._reader.block(to_number(log["blockNumber"])).time)
            self._current[suite] = key_id
        elif event == REVOKED:
            revoked = self._keys.pop(key_id, None)
            if revoked and self._current.get(revoked.suite) == key_id:
                del self._current[revoked.suite]
        else:
            raise invalid("a log has another topic than the filter")


__all__ = ("PUBLISHED", "REVOKED", "Keys")
