# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims commands, starts runs, keeps their leases."""

from __future__ import annotations

import contextvars
import threading
import time
import typing as t
from itertools import groupby

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from sqlalchemy.exc import DBAPIError

from listener import store
from listener.executors import ROLLBACK, Source, Work
from listener.logs import command_logs, get_logger

from .run import Endings, Run
from .verdicts import UNDECIDED

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from listener.executors import Executor
    from listener.settings import DispatchSettings

log = get_logger(__name__)

CLOSE_SECONDS: t.Final = 10.0
"""Time for cancelled runs to end when the process does."""


class Dispatcher:
    """The runs of one worker."""

    def __init__(self, settings: DispatchSettings, engine: sa.Engine, executor: Executor, owner: str) -> None:
        self._settings = settings
        self._engine = engine
        self._executor = executor
        self._owner = owner
        self._source = Source(settings.chain_id, settings.contract)
        self._endings = Endings(engine, owner, settings)
        self._runs: set[Run] = set()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._look = threading.Event()
        self._closed = threading.Event()
        self._swept = False
        self._heart = threading.Thread(
            target=contextvars.copy_context().run, args=(self._beat,), name="leases", daemon=True
        )
        self._heart.start()

    def has_news(self) -> bool:
        """Tell whether a run has ended since the last step."""
        return self._news.is_set()

    def look_at_leases(self) -> None:
        """Look now whether a run was cancelled or has lost its command."""
        self._look.set()

    def sweep(self) -> None:
        """Take what dead workers of this host left behind: outcomes count, the rest runs again at once.

        :raises sqlalchemy.exc.DBAPIError: not now; call it again.
        """
        if self._swept:
            return
        for left in self._executor.leftovers():
            with command_logs(left.command_id), self._engine.begin() as connection:
                if left.outcome:
                    told = left.outcome
                    taken = store.finish(
                        connection,
                        left.command_id,
                        left.owner,
                        left.attempt,
                        told.decision,
                        told.reason,
                        told.evidence,
                    )
                else:
                    taken = store.requeue(connection, left.command_id, left.owner, left.attempt, 0)
                log.info("left_behind", attempt=left.attempt, outcome=left.outcome is not None, taken=taken)
        self._swept = True

    def step(self) -> bool:
        """Claim what is next and start it; return whether anything was claimed.

        :raises sqlalchemy.exc.DBAPIError: the database is away.
        """
        self._news.clear()
        with self._lock:
            free = self._settings.max_runs - len(self._runs)
        if free <= 0:
            return False
        # While there is room each command gets a run of its own; the last place is for all that wait.
        limit = 1 if free > 1 else self._settings.batch_size
        with self._engine.begin() as connection:
            claimed = store.claim_next(
                connection,
                self._owner,
                self._settings.lease_seconds,
                self._settings.command_deadline,
                limit,
            )
        works = [Work.of(command, self._source) for command in claimed if not self._is_superseded(command)]
        works.sort(key=lambda work: work.operation)
        for _, group in groupby(works, key=lambda work: work.operation):
            self._start(list(group))
        return bool(claimed)

    def _is_superseded(self, command: store.Command) -> bool:
        """End a claimed command that a stop has overtaken; return whether it was one."""
        if command.cancel_requested:
            self._endings.give_back(command.id, command.attempt, delay=0)
        return command.cancel_requested

    def _start(self, works: list[Work]) -> None:
        if works[0].operation == ROLLBACK:
            for work in works:
                self._endings.record(work, ROLLBACK, {})
        try:
            job = self._executor.start(works)
        except (OSError, PlatformError) as error:
            code = error.code if isinstance(error, PlatformError) else UNDECIDED
            log.error("run_not_started", code=code, error=str(error))
            for work in works:
                self._endings.give_back(work.id, work.attempt)
            return
        for work in works:
            log.info(
                "run_started",
                command_id=work.id,
                client=work.client,
                attempt=work.attempt,
                operation=work.operation,
            )
        run = Run(job, self._endings, self._ended)
        with self._lock:
            self._runs.add(run)
        run.start()

    def _ended(self, run: Run) -> None:
        with self._lock:
            self._runs.discard(run)
        self._news.set()

    def _beat(self) -> None:
        """Extend the leases until the worker is closed."""
        while not self._closed.is_set():
            self._look.wait(self._settings.lease_seconds / 3)
            self._look.clear()
            with self._lock:
                runs = list(self._runs)
            for run in runs:
                try:
                    run.hold(self._settings.lease_seconds)
                except DBAPIError as error:
                    # Others cannot claim either; the lease is held again once the database is back.
                    log.warning("lease_not_extended", error=str(error.orig).strip())
                    break

    def close(self, grace: float) -> None:
        """Wait *grace* seconds for the runs, end those that are left, and give their commands back."""
        deadline = time.monotonic() + grace
        while self._runs and time.monotonic() < deadline:
            time.sleep(0.05)
        with self._lock:
            runs = list(self._runs)
        for run in runs:
            run.end("stopping")
        for run in runs:
            run.join(CLOSE_SECONDS)
        self._endings.abandon()
        self._closed.set()
        self._look.set()
        self._heart.join()
        self._executor.close()


__all__ = ("Dispatcher",)
