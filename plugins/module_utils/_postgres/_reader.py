# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The role that reads the figures of clients' trades, and the schema in which it finds them."""

from __future__ import annotations

import contextlib

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._connection import (
    Login,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._manage import (
    logs_in,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._statement import (
    Statement,
    execute,
    show,
    statement,
)

with contextlib.suppress(ImportError):  # connect() says so when it is missing
    from psycopg2 import sql

_ATTRIBUTES = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT CONNECTION LIMIT 5"
_READ = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = %s),
           EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = %s)
"""


def create_reader(login: Login, name: str, password: str, *, check: bool = False) -> list[str]:
    """Create the reader.

    It may connect to the database of ``login`` and use its schema, and no more; ``ensure_tenant`` gives it
    each client's figures. What exists is kept; its password is set anew when it does not log in. Returns the
    SQL that was run, with a placeholder for the password.

    :param login: of the admin, who owns the database.
    :param name: of the role and of its schema alike.
    :param check: read and plan only.
    :raises PlatformError: ``database_unreachable`` or ``database_refused``.
    """
    with connect(login) as connection:
        with connection.cursor() as cursor:
            cursor.execute(_READ, (name, name))
            has_role, has_schema = cursor.fetchone() or (False, False)
        statements = []
        if not has_role or not logs_in(login, name, password):
            statements.append(_role(name, has_role))
            statements.append(statement("GRANT CONNECT ON DATABASE {} TO {}", login.database, name))
        if not has_schema:
            statements.append(statement("CREATE SCHEMA {}", name))
            statements.append(statement("GRANT USAGE ON SCHEMA {} TO {}", name, name))
        queries = show(connection, statements)
        if not check:
            execute(connection, statements, name, password)
            connection.commit()
    return queries


def _role(name: str, exists: bool) -> Statement:
    # Some attributes only a superuser may name in ALTER ROLE, even to leave them as they are.
    template = (
        "ALTER ROLE {} LOGIN PASSWORD {}" if exists else f"CREATE ROLE {{}} LOGIN {_ATTRIBUTES} PASSWORD {{}}"
    )
    command = sql.SQL(template).format(sql.Identifier(name), sql.Placeholder("verifier"))
    return Statement(command, has_verifier=True)


__all__ = ("create_reader",)
