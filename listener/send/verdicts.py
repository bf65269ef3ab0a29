# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries verdicts to the contract; the contract's final state alone says that one has arrived."""

from __future__ import annotations

import time
import typing as t

from listener import store
from listener.logs import command_logs, get_logger

from .slots import evidence_of

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from listener.chain import ChainReader, OnChainCommand
    from listener.settings import SendSettings

    from .slots import Slots

log = get_logger(__name__)

LATE_FACTOR: t.Final = 10
"""A verdict that waits that many times the replacement's age raises an alarm."""


class VerdictSender:
    """Ends commands by the contract's final state, and has the others sent."""

    def __init__(self, settings: SendSettings, engine: sa.Engine, reader: ChainReader, slots: Slots) -> None:
        self._engine = engine
        self._reader = reader
        self._slots = slots
        self._late_seconds = LATE_FACTOR * settings.replace_seconds
        self.waits = False
        """There are verdicts or transactions that are not final."""

    def step(self) -> bool:
        """Look once at every verdict and transaction that is not final, and do what each needs now.

        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``; every stored intent is kept.
        """
        with self._engine.begin() as connection:
            commands = store.verdicts_to_send(connection)
        attempts = self._slots.attempts()
        self.waits = bool(commands or attempts)
        head = self._reader.head() if self.waits else None
        if head is None:
            return False
        pending = self._settle(commands, head)
        self._slots.follow(attempts, head)
        carried = {attempt.command_id for attempt in attempts}
        for command in pending:
            if command.id not in carried:
                with command_logs(command.id, command.client):
                    self._slots.open(command)
        return False

    def _settle(self, commands: list[store.Command], head: store.Block) -> list[store.Command]:
        """End the commands whose decision is final; return those that the contract still waits for."""
        # Only a block that has the command in it can say that there is none.
        known = [command for command in commands if command.block_number <= head.number]
        ids = [command.id for command in known]
        final = self._reader.commands_of(ids, head.number)
        latest = self._reader.commands_of(ids, "latest")
        pending = []
        for command in known:
            with command_logs(command.id, command.client):
                if final[command.id].status != "pending":
                    self._end(command, final[command.id])
                elif latest[command.id].status == "pending":
                    pending.append(command)
                else:
                    self._mark(command, "verdict_mined")
                self._mind_lateness(command)
        return pending

    def _end(self, command: store.Command, held: OnChainCommand) -> None:
        agrees = held.status == command.outcome and (
            held.reason == command.reason and held.evidence == "0x" + evidence_of(command).hex()
        )
        with self._engine.begin() as connection:
            if not store.settle(connection, command.id, "done" if agrees else "alarm", held.evidence):
                return
            if not agrees:
                store.raise_alarm(
                    connection,
                    "decided_otherwise",
                    f"The store says {command.outcome} {command.reason}, "
                    f"the contract {held.status} {held.reason} with evidence {held.evidence}",
                    command.id,
                )
            store.clear_alarm(connection, "verdict_late", command.id)
        log.log(20 if agrees else 50, "verdict_final", outcome=held.status, reason=held.reason, agrees=agrees)

    def _mark(self, command: store.Command, stage: str) -> None:
        if stage not in command.timings:
            with self._engine.begin() as connection:
                store.mark_stage(connection, command.id, stage)

    def _mind_lateness(self, command: store.Command) -> None:
        if time.time() - command.timings["decided"] < self._late_seconds:
            return
        with self._engine.begin() as connection:
            message = "The verdict is not on the chain; look at the signer's funds, role and fee cap"
            if store.raise_alarm(connection, "verdict_late", message, command.id):
                log.error("verdict_late")


__all__ = ("VerdictSender",)
