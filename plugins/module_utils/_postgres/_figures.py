# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The figures of a client's trades, which a reader of all clients gets by a function for each.

The reader has a schema of its name with the functions in it, and no privilege in any client's schema. A
function belongs to its client and runs as the client: whatever a client makes of its own table runs with that
client's rights and never with the reader's. The client has no privilege on the reader's schema, so it can
neither replace its function nor make it run with the caller's rights.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._statement import (
    Statement,
    statement,
)

with contextlib.suppress(ImportError):  # connect() says so when it is missing
    from psycopg2 import sql

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_RESULT: t.Final = (
    "TABLE(currency text, open_trades bigint, closed_trades bigint,"
    " profit double precision, last_trade double precision)"
)
_SETTINGS: t.Final = ("search_path=pg_catalog, pg_temp",)
# Freqtrade keeps times of UTC without a zone; a trade that is open still has realised part of its profit.
_BODY: t.Final = """
BEGIN
    IF to_regclass({trades_text}) IS NOT NULL THEN
        RETURN QUERY
        SELECT stake_currency::text, count(*) FILTER (WHERE is_open), count(*) FILTER (WHERE NOT is_open),
               sum(CASE WHEN is_open THEN realized_profit ELSE close_profit_abs END)::double precision,
               extract(epoch FROM max(greatest(open_date, close_date)))::double precision
        FROM {trades} GROUP BY stake_currency;
    END IF;
END
"""
_READ: t.Final = """
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_namespace AS n, pg_catalog.pg_roles AS r
        WHERE n.nspname = %(reader)s AND r.rolname = %(reader)s)
"""
_READ_FUNCTION: t.Final = """
    SELECT pg_catalog.pg_get_userbyid(proowner)::text, prosecdef, pg_catalog.pg_get_function_result(p.oid),
           COALESCE(proconfig, '{}'), prosrc,
           ARRAY(SELECT pg_catalog.pg_get_userbyid(grantee)::text
                 FROM pg_catalog.aclexplode(COALESCE(proacl, pg_catalog.acldefault('f', proowner)))
                 WHERE grantee <> proowner ORDER BY 1)
    FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = pronamespace
    WHERE nspname = %(reader)s AND proname = %(name)s AND pronargs = 0
"""


@dataclasses.dataclass(frozen=True)
class Figures:
    """A client's function as the server has it.

    :param reader: the role that may call it, and the schema that it lies in.
    :param owner: None where there is no function.
    :param as_owner: whether it runs with its owner's rights.
    :param callers: the roles that may call it; ``unknown (OID=0)`` is everybody.
    """

    reader: str
    owner: str | None = None
    as_owner: bool = False
    result: str = ""
    settings: tuple[str, ...] = ()
    body: str = ""
    callers: tuple[str, ...] = ()

    def shown(self) -> dict[str, t.Any]:
        """Return it as the module's diff shows it."""
        return {
            "reader": self.reader,
            "owner": self.owner,
            "as_owner": self.as_owner,
            "callers": list(self.callers),
            "body": self.body,
        }


def wanted_figures(name: str, reader: str) -> Figures:
    """Return the function as it shall be."""
    trades = f"{_quoted(name)}.trades"
    body = _BODY.format(trades=trades, trades_text="'" + trades.replace("'", "''") + "'")
    return Figures(reader, name, True, _RESULT, _SETTINGS, body, (reader,))


def read_figures(connection: Connection, name: str, reader: str) -> Figures:
    """Read what the server has of a client's function.

    :raises PlatformError: ``usage`` when the reader has no role or no schema here.
    """
    parameters = {"reader": reader, "name": name}
    with connection.cursor() as cursor:
        cursor.execute(_READ, parameters)
        if cursor.fetchone() != (True,):
            raise PlatformError("usage", f"The reader {reader} has no role and schema in this database yet")
        cursor.execute(_READ_FUNCTION, parameters)
        found = cursor.fetchone()
    if found is None:
        return Figures(reader)
    owner, as_owner, result, settings, body, callers = found
    return Figures(reader, owner, as_owner, result, tuple(settings), body, tuple(callers))


def plan_figures(current: Figures, name: str) -> list[Statement]:
    """Return the statements that make the function as wanted; none when it is.

    They need an admin who owns the reader's schema and may act as the client.
    """
    aim = wanted_figures(name, current.reader)
    if current == aim:
        return []
    function = (current.reader, name)
    statements = [] if current.owner is None else [_on("DROP FUNCTION {}()", function)]
    create = f"CREATE FUNCTION {{}}() RETURNS {_RESULT} LANGUAGE plpgsql STABLE SECURITY DEFINER"
    create += " SET search_path = pg_catalog, pg_temp AS {}"
    statements += [
        Statement(sql.SQL(create).format(sql.Identifier(*function), sql.Literal(aim.body))),
        _on("REVOKE ALL ON FUNCTION {}() FROM PUBLIC", function),
        _on("GRANT EXECUTE ON FUNCTION {}() TO {}", function, current.reader),
        # PostgreSQL lets only those own something in a schema who may make something there.
        statement("GRANT CREATE ON SCHEMA {} TO {}", current.reader, name),
        _on("ALTER FUNCTION {}() OWNER TO {}", function, name),
        statement("REVOKE CREATE ON SCHEMA {} FROM {}", current.reader, name),
    ]
    return statements


def _on(template: str, function: tuple[str, str], *names: str) -> Statement:
    return Statement(sql.SQL(template).format(sql.Identifier(*function), *map(sql.Identifier, names)))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


__all__ = ("Figures", "plan_figures", "read_figures", "wanted_figures")
