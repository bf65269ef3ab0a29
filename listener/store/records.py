# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept beside the queue: events of runs, alarms, tokens of the API."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from .tables import alarms, api_tokens, run_events


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that an attempt of a command said."""

    attempt: int
    kind: str
    data: dict[str, t.Any]


def record_event(
    connection: sa.Connection, command_id: str, attempt: int, kind: str, data: dict[str, t.Any]
) -> None:
    """Keep public *data* of a run, so that a worker after a crash can read it."""
    connection.execute(
        sa.insert(run_events).values(command_id=command_id, attempt=attempt, kind=kind, data=data)
    )


def list_events(connection: sa.Connection, command_id: str, kind: str | None = None) -> list[RunEvent]:
    """Return the events of a command's runs in the order in which they were recorded."""
    statement = sa.select(run_events.c.attempt, run_events.c.kind, run_events.c.data).where(
        run_events.c.command_id == command_id
    )
    if kind is not None:
        statement = statement.where(run_events.c.kind == kind)
    return [RunEvent(*row) for row in connection.execute(statement.order_by(run_events.c.id))]


def raise_alarm(connection: sa.Connection, kind: str, message: str, command_id: str | None = None) -> bool:
    """Open an alarm; return False if the same one is open already."""
    statement = (
        insert(alarms)
        .values(kind=kind, message=message, command_id=command_id)
        .on_conflict_do_nothing()
        .returning(alarms.c.id)
    )
    return connection.scalar(statement) is not None


def clear_alarm(connection: sa.Connection, kind: str, command_id: str | None = None) -> bool:
    """Close an open alarm; return False if none is open."""
    result = connection.execute(
        sa.update(alarms)
        .where(
            alarms.c.kind == kind,
            alarms.c.command_id.is_not_distinct_from(command_id),
            alarms.c.cleared_at.is_(None),
        )
        .values(cleared_at=sa.func.clock_timestamp())
    )
    return result.rowcount > 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """An open alarm; *raised* is in ISO 8601, *command_id* empty where it is about no command."""

    number: int
    kind: str
    raised: str
    command_id: str
    message: str


def list_alarms(connection: sa.Connection) -> list[Alarm]:
    """Return the open alarms, the oldest first."""
    rows = connection.execute(
        sa.select(
            alarms.c.id,
            alarms.c.kind,
            alarms.c.raised_at,
            sa.func.coalesce(alarms.c.command_id, ""),
            alarms.c.message,
        )
        .where(alarms.c.cleared_at.is_(None))
        .order_by(alarms.c.id)
    )
    return [
        Alarm(number, kind, at.isoformat(timespec="seconds"), command, message)
        for number, kind, at, command, message in rows
    ]


def dismiss_alarm(connection: sa.Connection, number: int) -> bool:
    """Close an open alarm by its number; return False if it is not open."""
    result = connection.execute(
        sa.update(alarms)
        .where(alarms.c.id == number, alarms.c.cleared_at.is_(None))
        .values(cleared_at=sa.func.clock_timestamp())
    )
    return result.rowcount > 0


def add_token(connection: sa.Connection, token_hash: str, name: str, client: int | None) -> None:
    """Store a bearer token by its SHA-256 (hexadecimal); *client* None lets it read every client."""
    connection.execute(sa.insert(api_tokens).values(hash=token_hash, name=name, client=client))


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is not revoked."""

    name: str
    client: int | None


def find_token(connection: sa.Connection, token_hash: str) -> Token | None:
    """Return the token with this SHA-256, or None if there is none or it is revoked."""
    row = connection.execute(
        sa.select(api_tokens.c.name, api_tokens.c.client).where(
            api_tokens.c.hash == token_hash, api_tokens.c.revoked_at.is_(None)
        )
    ).one_or_none()
    return Token(*row) if row else None


def revoke_token(connection: sa.Connection, name: str) -> bool:
    """Revoke the tokens of that name; return False if none was valid."""
    result = connection.execute(
        sa.update(api_tokens)
        .where(api_tokens.c.name == name, api_tokens.c.revoked_at.is_(None))
        .values(revoked_at=sa.func.clock_timestamp())
    )
    return result.rowcount > 0
