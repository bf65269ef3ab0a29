# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading commands without changing them."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

from .commands import COLUMNS, Command, to_command
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


def list_clients(connection: sa.Connection) -> list[int]:
    """Return the numbers of all clients that ever sent a command, ascending."""
    return list(connection.scalars(sa.select(commands.c.client).distinct().order_by(commands.c.client)))
