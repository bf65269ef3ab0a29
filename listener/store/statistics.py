# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers about the whole store, for the metrics of any role."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import sqlalchemy as sa

from .tables import alarms, blocks, chain, commands, transactions

RECENT_COMMANDS: t.Final = 1000
"""How many of the newest commands the durations of stages are taken from."""
QUANTILES: t.Final = (0.5, 0.9, 0.99)


@dataclass(frozen=True, slots=True)
class ChainView:
    """How ``watch`` last saw the chain; None where it never did; *silent* is seconds since an answer."""

    final: int | None
    cursor: int | None
    silent: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Commands in one state that is not done: their number, and the age of the oldest in seconds."""

    state: str
    depth: int
    age: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Seconds that commands spent to reach a stage from the one before."""

    name: str
    count: int
    total: float
    quantiles: dict[float, float]


def chain_view(connection: sa.Connection) -> ChainView | None:
    """Return how the chain was last seen, or None if ``watch`` never ran."""
    silent = sa.func.date_part("epoch", sa.func.clock_timestamp() - chain.c.contacted_at)
    top = sa.select(sa.func.max(blocks.c.number)).scalar_subquery()
    row = connection.execute(sa.select(chain.c.final_number, top, silent, chain.c.error)).one_or_none()
    return ChainView(*row) if row else None


def queues(connection: sa.Connection) -> list[Queue]:
    """Return the queues that are not empty."""
    age = sa.func.date_part("epoch", sa.func.clock_timestamp() - sa.func.min(commands.c.created_at))
    rows = connection.execute(
        sa.select(commands.c.state, sa.func.count(), age)
        .where(commands.c.state != "done")
        .group_by(commands.c.state)
    )
    return [Queue(*row) for row in rows]


def verdict_age(connection: sa.Connection) -> float:
    """Return the seconds since the oldest decision whose verdict is not final on the chain; 0 without one."""
    decided = sa.func.coalesce(
        commands.c.timings["decided"].as_float(), sa.func.date_part("epoch", commands.c.updated_at)
    )
    age = sa.func.date_part("epoch", sa.func.clock_timestamp()) - sa.func.min(decided)
    found = connection.execute(sa.select(age).where(commands.c.state.in_(("decided", "sent")))).scalar_one()
    return max(0.0, found or 0.0)


def outcomes(connection: sa.Connection) -> list[tuple[str, str, int]]:
    """Return (outcome, reason, number) of all decided commands."""
    rows = connection.execute(
        sa.select(commands.c.outcome, commands.c.reason, sa.func.count())
        .where(commands.c.outcome.is_not(None))
        .group_by(commands.c.outcome, commands.c.reason)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def stages(connection: sa.Connection) -> list[Stage]:
    """Return how long the newest commands took to reach each stage, from whichever stage came before."""
    recent = (
        sa.select(commands.c.id, commands.c.timings)
        .order_by(commands.c.block_number.desc(), commands.c.log_index.desc())
        .limit(RECENT_COMMANDS)
        .subquery()
    )
    item = sa.func.jsonb_each_text(recent.c.timings).table_valued("key", "value").render_derived()
    at = sa.cast(item.c.value, sa.Double)
    before = sa.func.lag(at).over(partition_by=recent.c.id, order_by=at)
    steps = sa.select(item.c.key.label("stage"), (at - before).label("seconds")).select_from(
        recent.join(item, sa.true())
    )
    step = steps.subquery()
    quantile = sa.func.percentile_cont(sa.literal(list(QUANTILES), sa.ARRAY(sa.Double)))
    rows = connection.execute(
        sa.select(
            step.c.stage,
            sa.func.count(),
            sa.func.sum(step.c.seconds),
            quantile.within_group(step.c.seconds),
        )
        .where(step.c.seconds.is_not(None))
        .group_by(step.c.stage)
    )
    return [Stage(row[0], row[1], row[2], dict(zip(QUANTILES, row[3], strict=True))) for row in rows]


def transaction_counts(connection: sa.Connection) -> dict[str, int]:
    """Return the number of verdict transactions by state."""
    rows = connection.execute(sa.select(transactions.c.state, sa.func.count()).group_by(transactions.c.state))
    return {row[0]: row[1] for row in rows}


def open_alarms(connection: sa.Connection) -> dict[str, int]:
    """Return the number of open alarms by kind."""
    rows = connection.execute(
        sa.select(alarms.c.kind, sa.func.count()).where(alarms.c.cleared_at.is_(None)).group_by(alarms.c.kind)
    )
    return {row[0]: row[1] for row in rows}
