# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What any role may do by the server's defaults, and tenants must not."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._statement import (
    Statement,
    statement,
)

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_LARGE_OBJECT_FUNCTIONS = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid,bytea)")

_DATABASES = """
    SELECT datname::text, pg_catalog.pg_has_role(datdba, 'USAGE') FROM pg_catalog.pg_database AS db
    WHERE datallowconn AND EXISTS (
        SELECT FROM pg_catalog.aclexplode(COALESCE(datacl, pg_catalog.acldefault('d', datdba)))
        WHERE grantee = 0)
    ORDER BY datname
"""
_SCHEMAS = """
    SELECT nspname::text, pg_catalog.pg_has_role(nspowner, 'USAGE') FROM pg_catalog.pg_namespace
    WHERE nspname = 'public' AND EXISTS (
        SELECT FROM pg_catalog.aclexplode(COALESCE(nspacl, pg_catalog.acldefault('n', nspowner)))
        WHERE grantee = 0)
"""
_FUNCTIONS = """
    SELECT signature, pg_catalog.pg_has_role(proowner, 'USAGE')
    FROM pg_catalog.unnest(%s) AS signature
         JOIN pg_catalog.pg_proc AS p ON p.oid = ('pg_catalog.' || signature)::pg_catalog.regprocedure
    WHERE EXISTS (
        SELECT FROM pg_catalog.aclexplode(COALESCE(proacl, pg_catalog.acldefault('f', proowner)))
        WHERE grantee = 0)
"""


@dataclasses.dataclass(frozen=True)
class Opening:
    """Something that PUBLIC may do.

    :param text: such as ``CONNECT ON DATABASE template1``.
    :param closing: what takes it from PUBLIC; None when this login may not.
    """

    text: str
    closing: Statement | None


def database_openings(connection: Connection) -> dict[str, Opening]:
    """Return by name the databases of the server that any role may connect to."""
    return {name: database_opening(name, may_close) for name, may_close in _rows(connection, _DATABASES)}


def inner_openings(connection: Connection) -> list[Opening]:
    """Return what any role may do that is connected to this very database.

    That is the use of the schema ``public`` and the making of large objects, which could fill the disk.
    """
    schemas = [_schema(may_close) for _name, may_close in _rows(connection, _SCHEMAS)]
    functions = _rows(connection, _FUNCTIONS, (list(_LARGE_OBJECT_FUNCTIONS),))
    return schemas + [_function(signature, may_close) for signature, may_close in functions]


def new_openings(*, superuser: bool) -> list[Opening]:
    """Return what :func:`inner_openings` finds in a database that was just made."""
    return [_schema(True), *(_function(signature, superuser) for signature in _LARGE_OBJECT_FUNCTIONS)]


def database_opening(name: str, may_close: bool) -> Opening:
    """Return that any role may connect to a database, and more."""
    closing = statement("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
    return Opening(f"CONNECT ON DATABASE {name}", closing if may_close else None)


def _schema(may_close: bool) -> Opening:
    closing = statement("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    return Opening("USAGE ON SCHEMA public", closing if may_close else None)


def _function(signature: str, may_close: bool) -> Opening:
    # The signatures are the constants above; pg_catalog keeps others of the same name out.
    closing = statement(f"REVOKE EXECUTE ON FUNCTION pg_catalog.{signature} FROM PUBLIC")
    return Opening(f"EXECUTE ON FUNCTION {signature}", closing if may_close else None)


def _rows(
    connection: Connection, query: str, parameters: tuple[t.Any, ...] | None = None
) -> list[tuple[str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [(name, bool(may_close)) for name, may_close in cursor.fetchall()]


__all__ = ("Opening", "database_opening", "database_openings", "inner_openings", "new_openings")
