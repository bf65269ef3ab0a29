# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads final blocks, the commands in them and what the contract holds, and checks every answer."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

from listener.store import Block, NewCommand, Verdict

from . import abi
from .answers import Header, Log, bloom_items, to_header, to_log, to_number, to_objects, to_text
from .bloom import bloom_of, covers
from .rpc import AnswerError, Call, Rpc, invalid

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from listener.settings import ChainSettings

_LATE_NODE: t.Final = "the node does not have a block that it named before"


class ChainReader:
    """One contract on one chain."""

    def __init__(self, settings: ChainSettings, rpc: Rpc | None = None) -> None:
        self.rpc = rpc or Rpc(settings.rpc, settings.rpc_timeout)
        self.chain_id = settings.chain_id
        self.contract = settings.contract
        self._confirmations = settings.confirmations
        self._wanted = bloom_of([self.contract, abi.EVENT_TOPIC])

    def head(self) -> Block | None:
        """Return the last final block, or None while the chain has none.

        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        if self._confirmations == "finalized":
            return self._block("finalized")
        latest = self._block("latest")
        if latest is None or latest.number < self._confirmations:
            return None
        return self.block(latest.number - self._confirmations)

    def block(self, number: int) -> Block:
        """Return the block *number* as the node has it now.

        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        found = self._block(hex(number))
        if found is None or found.number != number:
            raise invalid(_LATE_NODE)
        return found

    def _block(self, tag: str) -> Block | None:
        try:
            (header,) = self.results([("eth_getBlockByNumber", [tag, False])])
        except AnswerError as error:
            raise _refused(error) from error
        return to_header(header).block if header is not None else None

    def read(self, first: int, last: int, head: Block) -> tuple[list[Block], list[NewCommand]]:
        """Return the blocks *first* to *last*, and the commands in them in the chain's order.

        :param head: the final block in whose state the contract is asked; at least *last*.
        :raises AnswerError: the provider's limit; ask for fewer blocks.
        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        query = {
            "address": self.contract,
            "topics": [abi.EVENT_TOPIC],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        numbers = range(first, last + 1)
        calls: list[Call] = [("eth_getLogs", [query])]
        calls += [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
        found, *answers = self.results(calls)
        if any(answer is None for answer in answers):
            raise invalid(_LATE_NODE)
        headers = {number: to_header(answer) for number, answer in zip(numbers, answers, strict=True)}
        blocks = [header.block for header in headers.values()]
        _check_line(numbers, blocks, head)
        items = to_objects(found)
        if not all(self._is_own(item) for item in items):
            raise invalid("a log has another address or topic than the filter")
        logs = [to_log(item, headers) for item in items]
        self._prove(headers, logs)
        return blocks, self._commands(sorted(logs), head)

    def commands_of(
        self, ids: Sequence[str], block: int | t.Literal["latest"]
    ) -> dict[str, abi.OnChainCommand]:
        """Return what the contract holds of some commands in the state of *block*.

        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        tag = block if isinstance(block, str) else hex(block)
        calls: list[Call] = [
            ("eth_call", [{"to": self.contract, "data": abi.command_of(command)}, tag]) for command in ids
        ]
        try:
            answers = self.results(calls)
        except AnswerError as error:
            raise _refused(error) from error
        return {
            command: abi.decode_command(to_text(answer)) for command, answer in zip(ids, answers, strict=True)
        }

    def results(self, calls: Sequence[Call]) -> list[t.Any]:
        """Return the results of calls that one node of the right chain answered.

        :raises AnswerError: the node answered one of them with an error.
        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        # A provider may fail over to a node of another network at any time.
        chain_id, *results = self.rpc.results([("eth_chainId", []), *calls])
        if to_number(chain_id) != self.chain_id:
            raise invalid(f"it comes from chain {to_number(chain_id)}")
        return results

    def _prove(self, headers: dict[int, Header], logs: list[Log]) -> None:
        """Check that *logs* are all of the contract's, by the blooms of the headers.

        Where a bloom may hold the event, all logs of that block must yield its whole bloom, so
        none is missing.
        """
        suspects = {
            number: header for number, header in headers.items() if covers(header.bloom, self._wanted)
        }
        if any(log.place[0] not in suspects for log in logs):
            raise invalid("a log is not in the bloom of its block")
        answers = self.results(
            [("eth_getLogs", [{"blockHash": header.block.hash}]) for header in suspects.values()]
        )
        proven: list[Log] = []
        for header, answer in zip(suspects.values(), answers, strict=True):
            items = to_objects(answer)
            if not covers(bloom_of(bloom_items(items)), header.bloom):
                raise invalid(f"block {header.block.number} has more logs than were given")
            own = [item for item in items if self._is_own(item)]
            proven += [to_log(item, {header.block.number: header}) for item in own]
        if len({log.place for log in proven}) != len(proven):
            raise invalid("a log is given twice")
        if sorted(proven) != sorted(logs):
            raise invalid("the logs of a range are not those of its blocks")

    def _is_own(self, item: dict[str, t.Any]) -> bool:
        topics = item.get("topics") or [""]
        return to_text(item.get("address")) == self.contract and bool(topics[0] == abi.EVENT_TOPIC)

    def _commands(self, logs: list[Log], head: Block) -> list[NewCommand]:
        events = [(log, abi.decode_event(list(log.topics), log.data)) for log in logs]
        held = self.commands_of([event.command_id for _, event in events], head.number)
        return [self._command(log, event, held[event.command_id]) for log, event in events]

    def _command(self, log: Log, event: abi.Event, held: abi.OnChainCommand) -> NewCommand:
        expected = abi.command_id(
            self.chain_id, self.contract, event.client, event.sequence, event.key_id, event.payload
        )
        if event.command_id != expected:
            raise invalid(f"the event {event.command_id} has not the id of its contents")
        if (held.client, held.sequence) != (event.client, event.sequence) or held.status == "none":
            raise invalid(f"the contract does not hold the command {event.command_id} of an event")
        return NewCommand(
            id=event.command_id,
            client=event.client,
            sender=event.sender,
            sequence=event.sequence,
            key_id="0x" + event.key_id.hex(),
            payload=event.payload,
            stop=held.stop,
            block_number=log.place[0],
            block_hash=log.block_hash,
            log_index=log.place[1],
            tx_hash=log.tx_hash,
            verdict=_verdict(held),
        )


def _refused(error: AnswerError) -> PlatformError:
    return PlatformError("chain_unreachable", f"The RPC refuses to answer: {error.message}")


def _verdict(held: abi.OnChainCommand) -> Verdict | None:
    if held.status == "approved" or held.status == "rolled_back":
        return Verdict(held.status, held.reason, held.evidence)
    return None


def _check_line(numbers: range, blocks: list[Block], head: Block) -> None:
    if [block.number for block in blocks] != list(numbers):
        raise invalid("a block has another number than was asked for")
    for parent, block in itertools.pairwise(blocks):
        if block.parent != parent.hash:
            raise invalid(f"block {block.number} is not the child of block {parent.number}")
    if blocks[-1].number == head.number and blocks[-1].hash != head.hash:
        raise invalid(f"block {head.number} has changed while it was read")


__all__ = ("ChainReader",)
