# SPDX-License-Identifier: GPL-3.0-or-later
"""The node's part in sending: simulation, nonces, fees, receipts, broadcast."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

from .answers import to_hash, to_number
from .rpc import AnswerError, invalid

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .reader import ChainReader
    from .rpc import Call


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a transaction was mined, and whether its call went through."""

    block_number: int
    block_hash: str
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a transaction would meet now: gas it needs, the signer's next nonce, base fee in wei per gas."""

    gas: int
    nonce: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Sight:
    """The signer as the chain has it: used-up nonces in the latest and the final state, receipts by hash."""

    latest_nonce: int
    final_nonce: int
    receipts: dict[str, Receipt]


class ChainSender:
    """Sends to the contract of *reader* from *signer*."""

    def __init__(self, reader: ChainReader, signer: str) -> None:
        self._reader = reader
        self._signer = signer

    def simulate(self, data: str) -> Prospect:
        """Try a call of the contract without sending it.

        :raises AnswerError: it would fail; *data* of the error names why.
        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        call = {"from": self._signer, "to": self._reader.contract, "data": data}
        _, gas, nonce, block = self._reader.results(
            [
                ("eth_call", [call, "latest"]),
                ("eth_estimateGas", [call, "latest"]),
                ("eth_getTransactionCount", [self._signer, "latest"]),
                ("eth_getBlockByNumber", ["latest", False]),
            ]
        )
        if not isinstance(block, dict):
            raise invalid("there is no latest block")
        return Prospect(to_number(gas), to_number(nonce), to_number(block.get("baseFeePerGas")))

    def base_fee(self) -> int:
        """Return the base fee of the latest block in wei per gas."""
        (block,) = self._asked([("eth_getBlockByNumber", ["latest", False])])
        if not isinstance(block, dict):
            raise invalid("there is no latest block")
        return to_number(block.get("baseFeePerGas"))

    def look(self, hashes: Sequence[str], final: int) -> Sight:
        """Return the signer's nonces and the receipts of *hashes*; *final* numbers the final block."""
        calls: list[Call] = [
            ("eth_getTransactionCount", [self._signer, "latest"]),
            ("eth_getTransactionCount", [self._signer, hex(final)]),
            *(("eth_getTransactionReceipt", [item]) for item in hashes),
        ]
        latest, finalized, *answers = self._asked(calls)
        receipts = {
            item: _receipt(answer) for item, answer in zip(hashes, answers, strict=True) if answer is not None
        }
        return Sight(to_number(latest), to_number(finalized), receipts)

    def broadcast(self, raw: bytes) -> str:
        """Give a signed transaction to the network; return "" or the node's objection.

        No answer and any objection mean the same: it may have arrived. Only receipts and the contract tell.
        """
        try:
            self._reader.rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
        except (AnswerError, PlatformError) as error:
            return error.message
        return ""

    def _asked(self, calls: list[Call]) -> list[t.Any]:
        try:
            return self._reader.results(calls)
        except AnswerError as error:
            raise PlatformError("chain_unreachable", f"The RPC refuses to answer: {error.message}") from error


def _receipt(answer: t.Any) -> Receipt:
    if not isinstance(answer, dict):
        raise invalid("a receipt is no object")
    return Receipt(
        to_number(answer.get("blockNumber")),
        to_hash(answer.get("blockHash")),
        to_number(answer.get("status")) == 1,
    )


__all__ = ("ChainSender", "Prospect", "Receipt", "Sight")
