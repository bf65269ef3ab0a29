# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of commands: ``new``, ``admitted``, ``running``, ``decided``, ``sent``, ``done`` (or ``alarm``).

Every function takes the connection of a transaction that its caller opens (``with engine.begin() as
connection``), so several of them can be one atom. All times come from the database's clock.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

from .engine import notify
from .records import raise_alarm
from .rows import CLOCK, COLUMNS, Command, Outcome, stamp, to_command
from .tables import UNDECIDED, commands


def _enter(state: str, stage: str, **values: t.Any) -> dict[str, t.Any]:
    return {"state": state, "timings": stamp(stage), "updated_at": CLOCK, **values}


def _change(connection: sa.Connection, statement: sa.Update, state: str) -> bool:
    changed = connection.execute(statement).rowcount > 0
    if changed:
        notify(connection, state)
    return changed


def new_commands(connection: sa.Connection, limit: int = 50) -> list[Command]:
    """Return and lock, oldest first, commands in state ``new`` that no other transaction looks at.

    Admit or refuse each in the same transaction.
    """
    rows = connection.execute(
        sa.select(*COLUMNS)
        .where(commands.c.state == "new")
        .order_by(commands.c.block_number, commands.c.log_index)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [to_command(row) for row in rows]


def admit(
    connection: sa.Connection, command_id: str, operation: str, specification: dict[str, t.Any]
) -> bool:
    """Let a ``new`` command run: store its public part; return False if it is not new any more."""
    return _change(
        connection,
        sa.update(commands)
        .where(commands.c.id == command_id, commands.c.state == "new")
        .values(_enter("admitted", "admitted", operation=operation, specification=specification)),
        "admitted",
    )


def refuse(connection: sa.Connection, command_id: str, reason: str, evidence: dict[str, t.Any]) -> bool:
    """End a ``new`` command as rolled back for *reason* (a code), without a run; False if it is not new."""
    return _change(
        connection,
        sa.update(commands)
        .where(commands.c.id == command_id, commands.c.state == "new")
        .values(_enter("decided", "decided", outcome="rolled_back", reason=reason, evidence=evidence)),
        "decided",
    )


def close(
    connection: sa.Connection, command_id: str, outcome: Outcome, reason: str, evidence_hash: str
) -> bool:
    """End a ``new`` command that the contract has decided already; False if it is not new any more."""
    return _change(
        connection,
        sa.update(commands)
        .where(commands.c.id == command_id, commands.c.state == "new")
        .values(_enter("done", "final", outcome=outcome, reason=reason, evidence_hash=evidence_hash)),
        "done",
    )


def claim_next(
    connection: sa.Connection, owner: str, lease_seconds: float, deadline_seconds: float, limit: int = 1
) -> list[Command]:
    """Lease commands to run: of each client the lowest undecided sequence, when nothing of it is running.

    Stops go first, then the chain's order.

    A run whose lease has expired counts as not running, and its command is claimed again. Each claim takes
    the next attempt; the first sets the deadline. Commit before the run starts.

    :param owner: name of the worker, unique per process.
    :param deadline_seconds: from the first claim until the command is overdue.
    :param limit: most commands; all are of different clients.
    :returns: the leased commands; look at ``overdue`` and ``cancel_requested`` before running one.
    """
    earlier = commands.alias("earlier")
    expired = sa.and_(commands.c.state == "running", commands.c.lease_until <= CLOCK)
    waiting = sa.and_(
        commands.c.state == "admitted", sa.func.coalesce(commands.c.retry_at <= CLOCK, sa.true())
    )
    chosen = connection.scalars(
        sa.select(commands.c.id)
        .where(
            sa.or_(waiting, expired),
            ~sa.exists().where(
                earlier.c.client == commands.c.client,
                earlier.c.sequence < commands.c.sequence,
                earlier.c.state.in_(UNDECIDED),
            ),
        )
        .order_by(commands.c.stop.desc(), commands.c.block_number, commands.c.log_index)
        .limit(limit)
        .with_for_update(skip_locked=True, of=commands)
    ).all()
    if not chosen:
        return []
    rows = connection.execute(
        sa.update(commands)
        .where(commands.c.id.in_(chosen))
        .values(
            _enter(
                "running",
                "claimed",
                attempt=commands.c.attempt + 1,
                lease_owner=owner,
                lease_until=_after(lease_seconds),
                deadline_at=sa.func.coalesce(commands.c.deadline_at, _after(deadline_seconds)),
                retry_at=None,
            )
        )
        .returning(*COLUMNS)
    )
    return [to_command(row) for row in rows]


def _after(seconds: float) -> sa.ColumnElement[t.Any]:
    return CLOCK + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _held(command_id: str, owner: str, attempt: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        commands.c.id == command_id,
        commands.c.state == "running",
        commands.c.lease_owner == owner,
        commands.c.attempt == attempt,
    )


def heartbeat(
    connection: sa.Connection, command_id: str, owner: str, attempt: int, lease_seconds: float
) -> Command | None:
    """Extend a lease from now on and return the command; None when it is lost: then end the run at once.

    A lease that expired but was not taken by another worker is held again.
    """
    row = connection.execute(
        sa.update(commands)
        .where(*_held(command_id, owner, attempt))
        .values(lease_until=_after(lease_seconds), updated_at=CLOCK)
        .returning(*COLUMNS)
    ).one_or_none()
    return to_command(row) if row else None


def finish(
    connection: sa.Connection,
    command_id: str,
    owner: str,
    attempt: int,
    outcome: Outcome,
    reason: str,
    evidence: dict[str, t.Any],
) -> bool:
    """Store the outcome of a run whose lease is held, for ``send``; return False when the lease was lost.

    A rollback that nothing was seen for opens an alarm: a person has to find out why.

    :param reason: a code; empty when approved.
    :param evidence: public JSON; its hash goes on the chain, so it never changes afterwards.
    """
    held = _change(
        connection,
        sa.update(commands)
        .where(*_held(command_id, owner, attempt))
        .values(
            _enter(
                "decided",
                "decided",
                outcome=outcome,
                reason=reason,
                evidence=evidence,
                lease_owner=None,
                lease_until=None,
            )
        ),
        "decided",
    )
    if held and reason == "undecided":
        message = f"Ended without a decision after {attempt} attempts"
        raise_alarm(connection, "command_undecided", message, command_id)
    return held


def requeue(connection: sa.Connection, command_id: str, owner: str, attempt: int, delay: float) -> bool:
    """Give a leased command back, to be claimed after *delay* seconds; False when the lease was lost."""
    return _change(
        connection,
        sa.update(commands)
        .where(*_held(command_id, owner, attempt))
        .values(
            state="admitted",
            lease_owner=None,
            lease_until=None,
            retry_at=_after(delay),
            updated_at=CLOCK,
        ),
        "admitted",
    )


def expire(connection: sa.Connection, command_id: str, owner: str, attempt: int) -> bool:
    """Bring the deadline of a leased command to now, unless it has passed; False when the lease was lost."""
    changed = connection.execute(
        sa.update(commands)
        .where(*_held(command_id, owner, attempt))
        .values(deadline_at=sa.func.least(commands.c.deadline_at, CLOCK), updated_at=CLOCK)
    )
    return changed.rowcount > 0


def supersede_earlier(
    connection: sa.Connection, client: int, sequence: int, evidence: dict[str, t.Any]
) -> list[str]:
    """Let the stop *sequence* of *client* overtake its earlier undecided commands.

    Those that never ran end at once as rolled back, reason ``superseded``. Those that ran may have left
    something behind, or be decided in Git already: they get ``cancel_requested``, and lose any pause before
    their next claim; the worker that holds or claims one ends it.

    :param evidence: evidence of the commands that never ran.
    :returns: ids of the commands that have to be cancelled by a worker.
    """
    earlier = (
        commands.c.client == client,
        commands.c.sequence < sequence,
        commands.c.state.in_(UNDECIDED),
    )
    _change(
        connection,
        sa.update(commands)
        .where(*earlier, commands.c.attempt == 0)
        .values(_enter("decided", "decided", outcome="rolled_back", reason="superseded", evidence=evidence)),
        "decided",
    )
    cancelled = connection.scalars(
        sa.update(commands)
        .where(*earlier, commands.c.attempt > 0)
        .values(cancel_requested=True, retry_at=None, updated_at=CLOCK)
        .returning(commands.c.id)
    ).all()
    if cancelled:
        notify(connection, "admitted")
    return list(cancelled)


def mark_stage(connection: sa.Connection, command_id: str, stage: str) -> None:
    """Store the time at which a command reached *stage* for the first time."""
    connection.execute(sa.update(commands).where(commands.c.id == command_id).values(timings=stamp(stage)))
