# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A statement of SQL that may be shown, whatever it carries."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

with contextlib.suppress(ImportError):  # connect() says so when it is missing
    from psycopg2 import extensions, sql

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement and whether it sets a role's password.

    :param command: where it sets a password, the placeholder ``verifier`` stands for it.
    """

    command: sql.Composed
    has_verifier: bool = False


def statement(template: str, *names: str) -> Statement:
    """Fill the ``{}`` of a template with quoted identifiers."""
    return Statement(sql.SQL(template).format(*map(sql.Identifier, names)))


def show(connection: Connection, statements: t.Iterable[Statement]) -> list[str]:
    """Return the SQL as text; a password stays the placeholder ``%(verifier)s``."""
    return [each.command.as_string(connection) for each in statements]


def execute(
    connection: Connection, statements: t.Sequence[Statement], user: str = "", password: str = ""
) -> None:
    """Run the statements in the connection's transaction; commit is the caller's.

    :param user: the role whose password a statement sets.
    :param password: its password, which reaches the server as a SCRAM verifier only.
    """
    with connection.cursor() as cursor:
        for each in statements:
            command = each.command
            if each.has_verifier:
                verifier = extensions.encrypt_password(password, user, connection, "scram-sha-256")
                command = _with_verifier(command, verifier)
            cursor.execute(command)


def _with_verifier(command: sql.Composed, verifier: str) -> sql.Composed:
    # Not by the library's parameters: those would read a percent sign in a name as a placeholder too.
    return sql.Composed(
        [sql.Literal(verifier) if isinstance(part, sql.Placeholder) else part for part in command.seq]
    )


__all__ = ("Statement", "execute", "show", "statement")
