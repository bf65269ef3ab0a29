# SPDX-License-Identifier: GPL-3.0-or-later
"""A command as the other parts of the listener see it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from .tables import commands

Outcome = t.Literal["approved", "rolled_back"]
CLOCK: t.Final = sa.func.clock_timestamp()


@dataclass(frozen=True, slots=True)
class Command:
    """A row of ``commands``; *timings* maps a stage to Unix seconds (float)."""

    id: str
    client: int
    sender: str
    sequence: int
    key_id: str
    payload: bytes
    stop: bool
    block_number: int
    block_hash: str
    log_index: int
    tx_hash: str
    operation: str | None
    specification: dict[str, t.Any] | None
    state: str
    attempt: int
    lease_owner: str | None
    lease_until: datetime | None
    retry_at: datetime | None
    deadline_at: datetime | None
    cancel_requested: bool
    outcome: Outcome | None
    reason: str
    evidence: dict[str, t.Any] | None
    evidence_hash: str | None
    timings: dict[str, float]
    created_at: datetime
    updated_at: datetime
    overdue: bool
    """The deadline has passed, by the database's clock."""


_OVERDUE: t.Final = sa.func.coalesce(commands.c.deadline_at <= CLOCK, sa.false()).label("overdue")
COLUMNS: t.Final = tuple(
    _OVERDUE if field.name == "overdue" else commands.c[field.name] for field in fields(Command)
)


def to_command(row: sa.Row[t.Any]) -> Command:
    """Return the command of a row that was selected with :data:`COLUMNS`."""
    return Command(**row._mapping)


def stamp(stage: str, timings: t.Any = commands.c.timings) -> sa.ColumnElement[t.Any]:
    """Return *timings* with the present time under *stage*, unless the stage was reached before."""
    now = sa.func.extract("epoch", CLOCK)
    return sa.func.jsonb_build_object(stage, now).op("||")(timings)
