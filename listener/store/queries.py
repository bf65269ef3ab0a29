# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading commands without changing them."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

from .rows import COLUMNS, Command, to_command
from .tables import commands

if t.TYPE_CHECKING:
    from collections.abc import Sequence


def get_command(connection: sa.Connection, command_id: str) -> Command | None:
    """Return one command, or None."""
    row = connection.execute(sa.select(*COLUMNS).where(commands.c.id == command_id)).one_or_none()
    return to_command(row) if row else None


def list_commands(
    connection: sa.Connection,
    *,
    client: int | None = None,
    states: Sequence[str] | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[Command]:
    """Return commands, newest first.

    :param before: (block number, log index) of the last command of the page before.
    """
    statement = sa.select(*COLUMNS)
    if client is not None:
        statement = statement.where(commands.c.client == client)
    if states is not None:
        statement = statement.where(commands.c.state.in_(states))
    place = sa.tuple_(commands.c.block_number, commands.c.log_index)
    if before is not None:
        statement = statement.where(place < sa.tuple_(*before))
    statement = statement.order_by(commands.c.block_number.desc(), commands.c.log_index.desc()).limit(limit)
    return [to_command(row) for row in connection.execute(statement)]


def latest_commands(connection: sa.Connection, client: int, limit: int = 10) -> list[Command]:
    """Return the last *limit* commands of a client, its last approved one, and all that are undecided."""
    own = sa.select(commands.c.sequence).where(commands.c.client == client)
    last = own.order_by(commands.c.sequence.desc()).limit(limit)
    approved = own.where(commands.c.outcome == "approved").order_by(commands.c.sequence.desc()).limit(1)
    rows = connection.execute(
        sa.select(*COLUMNS)
        .where(
            commands.c.client == client,
            sa.or_(
                commands.c.sequence.in_(last.scalar_subquery()),
                commands.c.sequence.in_(approved.scalar_subquery()),
                commands.c.outcome.is_(None),
            ),
        )
        .order_by(commands.c.sequence)
    )
    return [to_command(row) for row in rows]


def page_of_clients(connection: sa.Connection, only: int | None, after: int, limit: int) -> list[int]:
    """Return the numbers of clients that ever sent a command, ascending, above *after*.

    :param only: None, or the one client to look for.
    """
    statement = sa.select(commands.c.client).distinct().where(commands.c.client > after)
    if only is not None:
        statement = statement.where(commands.c.client == only)
    return list(connection.scalars(statement.order_by(commands.c.client).limit(limit)))


def list_clients(connection: sa.Connection) -> list[int]:
    """Return the numbers of all clients that ever sent a command, ascending."""
    return list(connection.scalars(sa.select(commands.c.client).distinct().order_by(commands.c.client)))
