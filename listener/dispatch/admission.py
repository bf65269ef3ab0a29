# SPDX-License-Identifier: GPL-3.0-or-later
"""New commands are opened and checked; none runs that the contract has decided or the platform refuses."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    KeyStore,
    Provenance,
    check_and_open,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category, PlatformError

from listener import store
from listener.chain import Registry
from listener.logs import command_logs, get_logger

from .verdicts import SUPERSEDED, evidence_of

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from listener.chain import ChainReader, OnChainCommand

log = get_logger(__name__)

ALARM: t.Final = "admission_blocked"


class Admission:
    """Decides of each new command whether it may run."""

    def __init__(self, engine: sa.Engine, reader: ChainReader, keystore: KeyStore) -> None:
        self._engine = engine
        self._reader = reader
        self._registry = Registry(reader)
        self._keystore = keystore
        self._alarmed = True

    def step(self) -> bool:
        """Admit or refuse what is new; return whether there was anything.

        A command that cannot be judged now stays new, and the later ones of its client with it.

        :raises PlatformError: why the first of them could not be judged; the others were.
        """
        with self._engine.begin() as connection:
            commands = store.new_commands(connection)
        if not commands:
            return False
        held = self._reader.commands_of([command.id for command in commands], "latest")
        waiting: dict[int, PlatformError] = {}
        for command in commands:
            if command.client in waiting:
                continue
            with command_logs(command.id, command.client):
                try:
                    self._judge(command, held[command.id])
                except PlatformError as error:
                    log.warning("not_judged", code=error.code, error=error.message)
                    waiting[command.client] = error
        self._tell(waiting)
        for first in waiting.values():
            raise PlatformError("undecided", first.message) if first.category is Category.USAGE else first
        return True

    def _judge(self, command: store.Command, held: OnChainCommand) -> None:
        """Admit, refuse or close one command.

        :raises PlatformError: it cannot be judged now.
        """
        if held.status == "none":
            raise PlatformError("chain_invalid", "The node does not know the command (yet, or any more)")
        if held.status != "pending":
            self._close(command)
            return
        try:
            operation, specification = self._open(command)
        except PlatformError as error:
            if error.category is not Category.REFUSED:
                raise
            self._refuse(command, error)
            return
        with self._engine.begin() as connection:
            admitted = store.admit(connection, command.id, operation, specification)
            cancelled = self._overtake(connection, command) if admitted and command.stop else []
        log.info("admitted" if admitted else "not_new", operation=operation, cancels=cancelled)

    def _open(self, command: store.Command) -> tuple[str, dict[str, t.Any]]:
        """Return operation and specification; the exchange keys end in here.

        :raises PlatformError: a refusal, or a question to the contract without answer.
        """
        provenance = Provenance(
            chain_id=self._reader.chain_id,
            contract=self._reader.contract,
            client=command.client,
            sender=command.sender,
            sequence=command.sequence,
            key_id=bytes.fromhex(command.key_id.removeprefix("0x")),
        )
        opened = check_and_open(
            command.payload,
            provenance,
            self._keystore,
            stop=command.stop,
            revoked=self._registry.is_revoked,
            authorised=self._registry.is_wallet_of,
        )
        return opened.operation, opened.specification or {}

    def _refuse(self, command: store.Command, error: PlatformError) -> None:
        with self._engine.begin() as connection:
            if store.refuse(connection, command.id, error.code, evidence_of(error.code)):
                detail = {"code": error.code, "category": error.category.value, "message": error.message}
                store.record_event(connection, command.id, 0, "failure", detail)
        log.info("refused", code=error.code, error=error.message)

    def _close(self, command: store.Command) -> None:
        """End a command that the contract has decided; not before that decision is final."""
        head = self._reader.head()
        final = self._reader.commands_of([command.id], head.number)[command.id] if head else None
        if final is None or (final.status != "approved" and final.status != "rolled_back"):
            raise PlatformError(
                "chain_unreachable", "The contract's decision of the command is not final yet"
            )
        with self._engine.begin() as connection:
            store.close(connection, command.id, final.status, final.reason, final.evidence)
        log.info("decided_before", outcome=final.status, reason=final.reason)

    def _overtake(self, connection: sa.Connection, command: store.Command) -> list[str]:
        return store.supersede_earlier(connection, command.client, command.sequence, evidence_of(SUPERSEDED))

    def _tell(self, waiting: dict[int, PlatformError]) -> None:
        """Open an alarm while the platform's own keys keep commands waiting; close it when they do not."""
        blocked = next((error for error in waiting.values() if error.category is Category.USAGE), None)
        if blocked or self._alarmed:
            with self._engine.begin() as connection:
                if blocked:
                    store.raise_alarm(connection, ALARM, blocked.message)
                else:
                    store.clear_alarm(connection, ALARM)
            self._alarmed = blocked is not None


__all__ = ("Admission",)
