# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``watch``: final blocks and their commands go into the store; no block is ever skipped."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from sqlalchemy.exc import DBAPIError

from . import store
from .chain import AnswerError, ChainReader
from .logs import get_logger
from .loop import Stop, run_loop

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from .settings import WatchSettings

log = get_logger(__name__)

ALARM: t.Final = "chain_conflict"
CONFLICT_LOOKS: t.Final = 3
"""How often a contradiction to the store must be seen before it is an alarm and no RPC's passing fault."""
TELL_SECONDS: t.Final = 1.0
"""Least time between two notes about an unchanged chain."""


class ChainConflictError(Exception):
    """The chain contradicts final blocks or commands that are in the store; a person has to look."""


class Watcher:
    """Follows the chain from the store's cursor."""

    def __init__(self, settings: WatchSettings, engine: sa.Engine, reader: ChainReader) -> None:
        self._settings = settings
        self._engine = engine
        self._reader = reader
        self._size = settings.max_range
        self._cursor: store.Block | None = None
        self._bound = False
        self._conflicts = 0
        self._compared = ""
        self._alarmed = True
        self._told = (0.0, -1)

    def step(self) -> bool:
        """Read and write the next blocks; return whether more are final already.

        :raises ChainConflictError: the chain contradicts the store, seen several times.
        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``; nothing was written.
        """
        if not self._bound:
            self._bind()
        head = self._reader.head()
        if head is None:
            return False
        self._tell(head)
        try:
            more = self._advance(head)
        except store.SourceError as error:
            self._conflict(str(error))
        self._agree()
        return more

    def away(self, code: str) -> None:
        """Note in the store that the chain is away, for the metrics; *code* "" when it is back."""
        if code in ("chain_unreachable", "chain_invalid"):
            self._told = (0.0, -1)
            try:
                with self._engine.begin() as connection:
                    store.tell_chain(connection, error=code)
            except DBAPIError as error:
                log.warning("note_failed", error=str(error.orig).strip())

    def _bind(self) -> None:
        with self._engine.begin() as connection:
            store.bind_chain(connection, self._reader.chain_id, self._reader.contract)
            self._cursor = store.cursor(connection)
        self._bound = True

    def _tell(self, head: store.Block) -> None:
        now = time.monotonic()
        if head.number != self._told[1] or now - self._told[0] >= TELL_SECONDS:
            with self._engine.begin() as connection:
                store.tell_chain(connection, head.number, head.time)
            self._told = (now, head.number)

    def _advance(self, head: store.Block) -> bool:
        cursor = self._cursor
        if cursor and head.number <= cursor.number:
            self._compare(head)
            return False
        first = cursor.number + 1 if cursor else self._settings.start_block
        if first > head.number:
            return False
        blocks, commands = self._read(first, head)
        if cursor and blocks[0].parent != cursor.hash:
            self._look_at_cursor(cursor)
        self._write(cursor, blocks, commands)
        self._compared = blocks[-1].hash
        return blocks[-1].number < head.number

    def _compare(self, head: store.Block) -> None:
        """Hold a head that is not above the cursor against the store; a node may lag, never contradict."""
        if head.hash == self._compared:
            return
        with self._engine.begin() as connection:
            kept = store.block_at(connection, head.number)
        if kept and kept.hash != head.hash:
            raise store.SourceError(f"Block {head.number} is {head.hash}; the store has {kept.hash}")
        self._compared = head.hash

    def _agree(self) -> None:
        self._conflicts = 0
        if self._alarmed and self._compared:
            with self._engine.begin() as connection:
                store.clear_alarm(connection, ALARM)
            self._alarmed = False

    def _read(self, first: int, head: store.Block) -> tuple[list[store.Block], list[store.NewCommand]]:
        while True:
            last = min(head.number, first + self._size - 1)
            try:
                found = self._reader.read(first, last, head)
            except AnswerError as error:
                if last == first:
                    raise PlatformError(
                        "chain_unreachable", f"One block is too much: {error.message}"
                    ) from error
                self._size = (last - first + 1) // 2
                log.info("range_halved", blocks=self._size, answer=error.message)
                continue
            except PlatformError:
                # A response that is too big for the connection looks like an outage.
                self._size = max(1, self._size // 2)
                raise
            self._size = min(self._settings.max_range, self._size * 2)
            return found

    def _look_at_cursor(self, cursor: store.Block) -> t.NoReturn:
        now = self._reader.block(cursor.number)
        if now.hash == cursor.hash:
            raise PlatformError("chain_invalid", f"The child of block {cursor.number} names another parent")
        raise store.SourceError(f"Block {cursor.number} is {now.hash} now; the store has {cursor.hash}")

    def _write(
        self, cursor: store.Block | None, blocks: list[store.Block], commands: list[store.NewCommand]
    ) -> None:
        with self._engine.begin() as connection:
            written = store.write_blocks(connection, cursor, blocks, commands)
            self._cursor = blocks[-1] if written else store.cursor(connection)
        for command in commands if written else ():
            log.info(
                "command_seen",
                command_id=command.id,
                client=command.client,
                sequence=command.sequence,
                block=command.block_number,
                decided=command.verdict is not None,
            )

    def _conflict(self, message: str) -> t.NoReturn:
        self._conflicts += 1
        with self._engine.begin() as connection:
            self._cursor = store.cursor(connection)
            if self._conflicts >= CONFLICT_LOOKS:
                store.raise_alarm(connection, ALARM, message)
        if self._conflicts >= CONFLICT_LOOKS:
            raise ChainConflictError(message)
        raise PlatformError("chain_invalid", message)


def run(settings: WatchSettings) -> int:
    """Watch until SIGTERM; return the exit code: 1 when the chain contradicts the store."""
    stop = Stop().listen()
    engine = store.make_engine(settings.database_url)
    watcher = Watcher(settings, engine, ChainReader(settings))

    def pause() -> None:
        stop.wait(settings.poll_seconds)

    log.info("started", contract=settings.contract, chain_id=settings.chain_id)
    try:
        run_loop(watcher.step, stop, pause, watcher.away)
    except (ChainConflictError, store.SourceError) as error:
        log.critical("stopped", alarm=ALARM, error=str(error))
        return 1
    finally:
        engine.dispose()
    return 0


__all__ = ("ChainConflictError", "Watcher", "run")
