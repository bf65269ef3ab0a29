# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Prepare a server and a database for tenants: the admin role, and nothing left to PUBLIC."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

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

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_LARGE_OBJECT_FUNCTIONS = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid,bytea)")

_PUBLIC_DATABASES = """
    SELECT datname FROM pg_catalog.pg_database AS db
    WHERE datallowconn AND EXISTS (
        SELECT FROM pg_catalog.aclexplode(COALESCE(datacl, pg_catalog.acldefault('d', datdba)))
        WHERE grantee = 0)
    ORDER BY datname
"""
_OWNED_DATABASES = """
    SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.pg_has_role(datdba, 'USAGE')
"""
_PUBLIC_SCHEMA = """
    SELECT EXISTS (
        SELECT FROM pg_catalog.aclexplode(COALESCE(nspacl, pg_catalog.acldefault('n', nspowner)))
        WHERE grantee = 0)
    FROM pg_catalog.pg_namespace WHERE nspname = 'public'
"""
_PUBLIC_FUNCTIONS = """
    SELECT signature FROM pg_catalog.unnest(%s) AS signature
    WHERE EXISTS (
        SELECT FROM pg_catalog.pg_proc,
             pg_catalog.aclexplode(COALESCE(proacl, pg_catalog.acldefault('f', proowner)))
        WHERE oid = ('pg_catalog.' || signature)::pg_catalog.regprocedure AND grantee = 0)
"""
_IS_SUPERUSER = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What was taken from PUBLIC, and what this login could not take.

    :param queries: the SQL that was run.
    :param left_open: what any role may still do, such as ``CONNECT ON DATABASE template1``;
        empty for a superuser.
    """

    queries: list[str]
    left_open: list[str]


def prepare_database(login: Login) -> Prepared:
    """Take from PUBLIC what tenants must not have, in the database of ``login`` and as far as it may.

    That is every privilege on this database and its schema ``public``, on every other database of the server
    that the login owns, and, for a superuser, the making of large objects in this one. Running it again
    changes nothing. A database that is made later is open to every role until this runs again.

    :param login: the owner of the database, or a superuser.
    :raises PlatformError: ``database_unreachable`` or ``database_refused``.
    """
    with connect(login) as connection:
        statements, left_open = _plan(connection)
        queries = show(connection, statements)
        execute(connection, statements)
        connection.commit()
    return Prepared(queries, left_open)


def create_admin(superuser: Login, name: str, password: str, database: str) -> list[str]:
    """Create the platform's admin as a managed service would give it, and the database that it owns.

    The admin has CREATEROLE and CREATEDB and is no superuser. What exists is kept; its password is set anew
    when it does not log in. Returns the SQL that was run, with a placeholder for the password.

    :raises PlatformError: ``database_unreachable`` or ``database_refused``.
    """
    with connect(superuser) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_catalog.pg_roles WHERE rolname = %s", (name,))
            has_role = cursor.rowcount == 1
            cursor.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", (database,))
            has_database = cursor.rowcount == 1
        works = has_role and has_database and logs_in(superuser.to(database), name, password)
        statements = [] if works else [_admin(name, has_role)]
        if not has_database:
            statements.append(statement("CREATE DATABASE {} OWNER {}", database, name))
        queries = show(connection, statements)
        execute(connection, statements, name, password)
    return queries


def _admin(name: str, has_role: bool) -> Statement:
    verb = "ALTER" if has_role else "CREATE"
    command = sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER CREATEROLE CREATEDB PASSWORD {}").format(
        sql.Identifier(name), sql.Placeholder("verifier")
    )
    return Statement(command, has_verifier=True)


def _plan(connection: Connection) -> tuple[list[Statement], list[str]]:
    superuser = bool(_rows(connection, _IS_SUPERUSER)[0])
    owned = set(_rows(connection, _OWNED_DATABASES))
    statements, left_open = [], []
    for database in _rows(connection, _PUBLIC_DATABASES):
        if superuser or database in owned:
            statements.append(statement("REVOKE ALL ON DATABASE {} FROM PUBLIC", database))
        else:
            left_open.append(f"CONNECT ON DATABASE {database}")
    if any(_rows(connection, _PUBLIC_SCHEMA)):
        statements.append(statement("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
    for signature in _rows(connection, _PUBLIC_FUNCTIONS, (list(_LARGE_OBJECT_FUNCTIONS),)):
        if superuser:
            statements.append(statement(f"REVOKE EXECUTE ON FUNCTION pg_catalog.{signature} FROM PUBLIC"))
        else:
            left_open.append(f"EXECUTE ON FUNCTION {signature}")
    return statements, left_open


def _rows(connection: Connection, query: str, parameters: tuple[t.Any, ...] | None = None) -> list[t.Any]:
    """Return the first column."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [row[0] for row in cursor.fetchall()]


__all__ = ("Prepared", "create_admin", "prepare_database")
