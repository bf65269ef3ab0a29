# SPDX-License-Identifier: GPL-3.0-or-later
"""The transactions that carry verdicts: opened, broadcast, replaced, and closed when their nonce is final."""

from __future__ import annotations

import itertools
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import evidence_hash

from listener import store
from listener.chain import AnswerError, abi
from listener.logs import command_logs, get_logger

from .fees import FeePolicy

if t.TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from listener.chain import ChainReader
    from listener.chain.sender import ChainSender, Sight
    from listener.chain.signer import Signer
    from listener.settings import SendSettings

log = get_logger(__name__)

REBROADCAST_SECONDS: t.Final = 5.0
"""Pause before an attempt without receipt is given to the network again; a node may have dropped it."""
RETRY_SECONDS: t.Final = 2.0
"""Pause after a simulation that failed, or fees above the cap."""


class Slots:
    """The nonces of one key; any number of processes may hold this key at once."""

    def __init__(
        self,
        settings: SendSettings,
        engine: sa.Engine,
        reader: ChainReader,
        sender: ChainSender,
        signer: Signer,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._sender = sender
        self._signer = signer
        self._fees = FeePolicy.of(settings)
        self._replace_seconds = settings.replace_seconds
        self._not_before: dict[str, float] = {}

    def attempts(self) -> list[store.Attempt]:
        """Return the attempts of all open slots, by nonce and age."""
        with self._engine.begin() as connection:
            return store.open_attempts(connection, self._signer.address)

    def follow(self, attempts: list[store.Attempt], head: store.Block) -> None:
        """Bring every open slot forward, as the final block *head* and the receipts allow.

        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        if not attempts:
            return
        sight = self._sender.look([attempt.hash for attempt in attempts], head.number)
        for nonce, group in itertools.groupby(attempts, key=lambda attempt: attempt.nonce):
            slot = list(group)
            with command_logs(slot[0].command_id):
                self._follow_slot(nonce, slot, sight, head)

    def _follow_slot(self, nonce: int, slot: list[store.Attempt], sight: Sight, head: store.Block) -> None:
        for attempt in slot:
            receipt = sight.receipts.get(attempt.hash)
            if receipt is None:
                if attempt.state == "mined":
                    with self._engine.begin() as connection:
                        store.note_mined(connection, attempt, False)
                continue
            if receipt.block_number > head.number:
                if attempt.state != "mined":
                    with self._engine.begin() as connection:
                        store.note_mined(connection, attempt, True)
            elif self._reader.block(receipt.block_number).hash == receipt.block_hash:
                self._close(nonce, attempt.hash)
                log.info("transaction_final", hash=attempt.hash, succeeded=receipt.succeeded)
            return
        if sight.final_nonce > nonce:
            self._lose(nonce, slot)
        elif sight.latest_nonce <= nonce:
            self._push(slot[-1])

    def _close(self, nonce: int, winner: str | None) -> None:
        with self._engine.begin() as connection:
            store.close_slot(connection, self._signer.address, nonce, winner)

    def _lose(self, nonce: int, slot: list[store.Attempt]) -> None:
        """A final transaction with this nonce is none of ours; the next step opens another slot."""
        self._close(nonce, None)
        with self._engine.begin() as connection:
            store.raise_alarm(
                connection,
                "nonce_taken",
                f"Nonce {nonce} of {self._signer.address} was used elsewhere; somebody else has this key",
                slot[0].command_id,
            )
        log.error("nonce_taken", nonce=nonce)

    def _push(self, newest: store.Attempt) -> None:
        """Replace an attempt that waits too long, or give it to the network again."""
        old = newest.state != "prepared" and newest.age >= self._replace_seconds
        if old and not self._postponed(newest.command_id) and self._replace(newest):
            return
        if newest.quiet is None or newest.quiet >= REBROADCAST_SECONDS:
            self._broadcast(newest)

    def _replace(self, newest: store.Attempt) -> bool:
        fees = self._fees.replacement(
            store.Fees(newest.max_fee, newest.priority_fee), self._sender.base_fee()
        )
        if fees is None:
            self._postpone(newest.command_id)
            log.warning("fee_cap_reached", max_fee=newest.max_fee)
            return False
        with self._engine.begin() as connection:
            command = store.get_command(connection, newest.command_id)
            if command is None:
                return False
            sign = self._signing(_call(command), newest.gas, fees)
            attempt = store.prepare_replacement(connection, self._signer.address, newest, sign)
        if attempt:
            log.info("replaced", nonce=attempt.nonce, max_fee=attempt.max_fee)
            self._broadcast(attempt)
        return attempt is not None

    def open(self, command: store.Command) -> None:
        """Send the verdict of a command that the contract waits for, unless it would fail now.

        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        if self._postponed(command.id):
            return
        try:
            prospect = self._sender.simulate(_call(command))
        except AnswerError as error:
            self._postpone(command.id)
            log.warning("simulation_failed", answer=error.message, why=_why(error.data))
            return
        fees = self._fees.first(prospect.base_fee)
        if fees is None:
            self._postpone(command.id)
            log.warning("fee_cap_reached", base_fee=prospect.base_fee)
            return
        sign = self._signing(_call(command), prospect.gas * 5 // 4, fees)
        with self._engine.begin() as connection:
            attempt = store.prepare(connection, self._signer.address, command.id, prospect.nonce, sign)
        if attempt:
            self._broadcast(attempt)

    def _postpone(self, command_id: str) -> None:
        now = time.monotonic()
        self._not_before = {key: at for key, at in self._not_before.items() if at > now}
        self._not_before[command_id] = now + RETRY_SECONDS

    def _postponed(self, command_id: str) -> bool:
        return time.monotonic() < self._not_before.get(command_id, 0.0)

    def _signing(self, data: str, gas: int, fees: store.Fees) -> Callable[[int], store.Signed]:
        return lambda nonce: self._signer.sign(data, nonce, gas, fees)

    def _broadcast(self, attempt: store.Attempt) -> None:
        objection = self._sender.broadcast(attempt.raw)
        with self._engine.begin() as connection:
            store.note_broadcast(connection, attempt)
        log.info("broadcast", hash=attempt.hash, nonce=attempt.nonce, objection=objection)


def evidence_of(command: store.Command) -> bytes:
    """Return the hash of a decided command's evidence, as it goes on the chain."""
    return evidence_hash(command.evidence or {})


def _call(command: store.Command) -> str:
    if command.outcome == "approved":
        return abi.approve(command.id, evidence_of(command))
    return abi.roll_back(command.id, command.reason, evidence_of(command))


def _why(data: str) -> str:
    names = {abi.selector(item): item.partition("(")[0] for item in (abi.NOT_PENDING, abi.NOT_OPERATOR)}
    return names.get(data[:10], data[:10])


__all__ = ("Slots", "evidence_of")
