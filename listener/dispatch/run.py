# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows one run: what it says goes into the store, and every command of it comes to an end or back."""

from __future__ import annotations

import contextvars
import threading
import typing as t

from sqlalchemy.exc import InterfaceError, OperationalError

from listener import store
from listener.executors import ROLLBACK, Decided, Failed, Outcome, Reached
from listener.logs import command_logs, get_logger

from .verdicts import SUPERSEDED, UNDECIDED, evidence_of

if t.TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from listener.executors import Job, Report, Work
    from listener.settings import DispatchSettings

log = get_logger(__name__)

MAX_DELAY: t.Final = 15.0
"""Longest pause in seconds before a command runs again."""
_Result = t.TypeVar("_Result")


class AbandonedError(Exception):
    """The process ends while the database is away; a successor runs the command again."""


class Endings:
    """Writes what became of the attempts of one worker, however long the database is away."""

    def __init__(self, engine: sa.Engine, owner: str, settings: DispatchSettings) -> None:
        self._engine = engine
        self._owner = owner
        self._max_attempts = settings.max_attempts
        self._rollback_attempts = settings.rollback_attempts
        self._abandoned = threading.Event()

    def abandon(self) -> None:
        """Try no more."""
        self._abandoned.set()

    def write(self, change: Callable[[sa.Connection], _Result]) -> _Result:
        """Run *change* in a transaction, again and again while the database is away.

        :raises AbandonedError: the worker was told to try no more.
        """
        delay = 0.25
        while True:
            try:
                with self._engine.begin() as connection:
                    return change(connection)
            except (OperationalError, InterfaceError) as error:
                log.warning("not_stored", error=str(error.orig).strip(), retry_in=delay)
                if self._abandoned.wait(delay):
                    raise AbandonedError from error
                delay = min(5.0, delay * 2)

    def finish(self, work: Work, outcome: Outcome) -> None:
        """Store the outcome that a run told."""
        held = self.write(
            lambda connection: store.finish(
                connection,
                work.id,
                self._owner,
                work.attempt,
                outcome.decision,
                outcome.reason,
                outcome.evidence,
            )
        )
        log.info("decided" if held else "outcome_refused", outcome=outcome.decision, reason=outcome.reason)

    def record(self, work: Work, kind: str, data: dict[str, t.Any]) -> None:
        """Store what a run says beside its outcome."""
        self.write(lambda connection: store.record_event(connection, work.id, work.attempt, kind, data))

    def hold(self, work: Work, lease_seconds: float) -> store.Command | None:
        """Extend a lease once; None when it is lost.

        :raises sqlalchemy.exc.DBAPIError: the database is away.
        """
        with self._engine.begin() as connection:
            return store.heartbeat(connection, work.id, self._owner, work.attempt, lease_seconds)

    def give_back(self, command_id: str, attempt: int, delay: float | None = None) -> None:
        """End an attempt without outcome: the command runs again, is rolled back, or ends when it must.

        :param delay: seconds of pause; by default it grows with the attempts.
        """
        pause = min(MAX_DELAY, 2.0 ** (attempt - 1)) if delay is None else delay
        ending = self.write(lambda connection: self._give_back(connection, command_id, attempt, pause))
        level = log.error if ending == UNDECIDED else log.info
        level("attempt_ended", command_id=command_id, attempt=attempt, ending=ending, pause=pause)

    def _give_back(self, connection: sa.Connection, command_id: str, attempt: int, delay: float) -> str:
        command = store.heartbeat(connection, command_id, self._owner, attempt, delay + 1)
        if command is None:
            return "lease_lost"
        spent = command.overdue or attempt >= self._max_attempts
        if not command.cancel_requested and not spent:
            store.requeue(connection, command_id, self._owner, attempt, delay)
            return "runs_again"
        decisions = store.list_events(connection, command_id, "decision")
        if decisions:
            told = decisions[-1].data
            decision, reason, evidence = told["decision"], told["reason"], told["evidence"]
        elif command.cancel_requested:
            decision, reason, evidence = "rolled_back", SUPERSEDED, evidence_of(SUPERSEDED)
        elif len(store.list_events(connection, command_id, ROLLBACK)) < self._rollback_attempts:
            store.expire(connection, command_id, self._owner, attempt)
            store.requeue(connection, command_id, self._owner, attempt, delay)
            return "rolls_back"
        else:
            decision, reason, evidence = "rolled_back", UNDECIDED, evidence_of(UNDECIDED)
        store.finish(connection, command_id, self._owner, attempt, decision, reason, evidence)
        return str(reason or decision)


class Run:
    """A job and the thread that follows it.

    :param ended: called in that thread when all is stored.
    """

    def __init__(self, job: Job, endings: Endings, ended: Callable[[Run], None]) -> None:
        self._job = job
        self._endings = endings
        self._ended = ended
        self._settled: set[str] = set()
        self._failed: set[str] = set()
        self._ending = ""
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._follow,), name="follow", daemon=True)

    def start(self) -> None:
        """Start to follow."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until all is stored, at most *seconds*."""
        self._thread.join(seconds)

    def end(self, why: str) -> None:
        """Cancel the job; what is undecided in it runs again, as far as it may."""
        if not self._ending:
            self._ending = why
            log.info("run_cancelled", why=why, commands=[work.id for work in self._job.works])
            self._job.cancel()

    def hold(self, lease_seconds: float) -> None:
        """Extend the leases; end the run when one of its commands must not go on.

        :raises sqlalchemy.exc.DBAPIError: the database is away.
        """
        for work in self._job.works:
            if work.id in self._settled:
                continue
            command = self._endings.hold(work, lease_seconds)
            if work.id in self._settled:
                continue
            if command is None:
                self.end("lease_lost")
            elif command.cancel_requested:
                self.end("superseded")
            elif command.overdue and work.operation != ROLLBACK:
                self.end("overdue")

    def _follow(self) -> None:
        try:
            for work, report in self._job.reports():
                with command_logs(work.id, work.client):
                    self._take(work, report)
            for work in self._job.works:
                if work.id not in self._settled:
                    with command_logs(work.id, work.client):
                        self._settled.add(work.id)
                        self._endings.give_back(work.id, work.attempt, 0 if self._ending else None)
        except AbandonedError:
            log.warning("abandoned", commands=[work.id for work in self._job.works])
        finally:
            self._ended(self)

    def _take(self, work: Work, report: Report) -> None:
        if isinstance(report, Outcome):
            if work.id not in self._settled:
                self._settled.add(work.id)
                self._endings.finish(work, report)
        elif isinstance(report, Reached):
            self._endings.write(lambda connection: store.mark_stage(connection, work.id, report.stage))
        elif isinstance(report, Decided):
            data = {"decision": report.decision, "reason": report.reason, "evidence": report.evidence}
            self._endings.record(work, "decision", data)
        elif isinstance(report, Failed) and work.id not in self._failed:
            self._failed.add(work.id)
            data = {"code": report.code, "category": report.category, "message": report.message}
            self._endings.record(work, "failure", data)
            log.warning("task_failed", **data)


__all__ = ("AbandonedError", "Endings", "Run")
