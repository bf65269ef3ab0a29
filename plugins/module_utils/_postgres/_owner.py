# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The role that owns a database of the platform."""

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
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._tenant import (
    Role,
)

with contextlib.suppress(ImportError):  # connect() says so when it is missing
    from psycopg2 import sql

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_UNLIMITED: t.Final = -1
_NOT_OURS_TO_TAKE: t.Final = frozenset({"SUPERUSER", "REPLICATION", "BYPASSRLS"})

_READ_POWERS = """
    SELECT r.rolname::text
    FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
    WHERE m.member = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %(owner)s)
          AND (r.rolsuper OR r.rolcreaterole OR r.rolname ~ '^(pg|rds)_')
    ORDER BY 1
"""


@dataclasses.dataclass(frozen=True)
class Owner:
    """The role that shall own a database.

    :param password: what it shall log in with.
    :param creates_roles: whether it makes roles, as the admin of the clients' schemas does.
    """

    name: str
    password: str = dataclasses.field(repr=False)
    creates_roles: bool = False

    @property
    def role(self) -> Role:
        """The role as it shall be."""
        own = ["CREATEROLE"] if self.creates_roles else []
        return Role(frozenset({"LOGIN", "INHERIT", *own}), _UNLIMITED)


def refuse_powers(connection: Connection, name: str, role: Role | None) -> None:
    """See that the role has no powers that the platform does not give, nor is a member of a role with some.

    :raises PlatformError: ``database_conflict``.
    """
    held = sorted(role.attributes & _NOT_OURS_TO_TAKE) if role else []
    if held:
        raise PlatformError("database_conflict", f"The role {name} has {', '.join(held)}")
    with connection.cursor() as cursor:
        cursor.execute(_READ_POWERS, {"owner": name})
        powers = [power for (power,) in cursor.fetchall()]
    if powers:
        raise PlatformError("database_conflict", f"The role {name} is a member of {', '.join(powers)}")


def plan_owner(owner: Owner, role: Role | None, password_works: bool) -> list[Statement]:
    """Return the statements that make the role as wanted; none when it is.

    :param role: as the server has it.
    """
    if role is None:
        creates = "CREATEROLE" if owner.creates_roles else "NOCREATEROLE"
        attributes = f"LOGIN NOSUPERUSER NOCREATEDB {creates} NOREPLICATION NOBYPASSRLS"
        return [_with_password(f"CREATE ROLE {{}} {attributes} PASSWORD {{}}", owner.name)]
    options = sorted(owner.role.attributes - role.attributes)
    options += [f"NO{keyword}" for keyword in sorted(role.attributes - owner.role.attributes)]
    if role.connection_limit != owner.role.connection_limit:
        options.append(f"CONNECTION LIMIT {owner.role.connection_limit}")
    if role.expires:
        options.append("VALID UNTIL 'infinity'")
    statements = [statement(f"ALTER ROLE {{}} {' '.join(options)}", owner.name)] if options else []
    if not password_works:
        statements.append(_with_password("ALTER ROLE {} PASSWORD {}", owner.name))
    return statements


def _with_password(template: str, name: str) -> Statement:
    command = sql.SQL(template).format(sql.Identifier(name), sql.Placeholder("verifier"))
    return Statement(command, has_verifier=True)


__all__ = ("Owner", "plan_owner", "refuse_powers")
