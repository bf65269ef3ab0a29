# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A client's role and schema: what is there, what is wanted, and the statements between the two."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._figures import (
    Figures,
    plan_figures,
    read_figures,
    wanted_figures,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._statement import (
    Statement,
    statement,
)

with contextlib.suppress(ImportError):  # connect() says so when it is missing
    from psycopg2 import sql

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_OPPOSITES: t.Final = {"INHERIT": "NOINHERIT", "CREATEROLE": "NOCREATEROLE"}
# An admin that may not make databases itself cannot take that from others, from version 16 on.
_NOT_OURS_TO_TAKE: t.Final = frozenset({"SUPERUSER", "REPLICATION", "BYPASSRLS", "CREATEDB"})
_DATABASE_PRIVILEGES: t.Final = frozenset({"CONNECT"})
_SCHEMA_PRIVILEGES: t.Final = frozenset({"USAGE", "CREATE"})
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_MEMBERSHIP_OPTIONS_SINCE = 160_000

_READ_ROLE = """
    SELECT rolconnlimit, rolvaliduntil IS NOT NULL AND rolvaliduntil <> 'infinity',
           ARRAY(SELECT keyword
                 FROM (VALUES ('LOGIN', rolcanlogin), ('SUPERUSER', rolsuper), ('INHERIT', rolinherit),
                              ('CREATEDB', rolcreatedb), ('CREATEROLE', rolcreaterole),
                              ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls))
                      AS attribute (keyword, held)
                 WHERE held),
           ARRAY(SELECT pg_catalog.pg_get_userbyid(roleid)::text
                 FROM pg_catalog.pg_auth_members WHERE member = role.oid ORDER BY 1),
           pg_catalog.pg_has_role(oid, 'USAGE') AND pg_catalog.pg_has_role(oid, %(act)s)
    FROM pg_catalog.pg_roles AS role WHERE rolname = %(name)s
"""
_READ_SCHEMA = """
    SELECT pg_catalog.pg_get_userbyid(nspowner)::text,
           ARRAY(SELECT privilege_type
                 FROM pg_catalog.aclexplode(COALESCE(nspacl, pg_catalog.acldefault('n', nspowner)))
                 WHERE grantee = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %(name)s))
    FROM pg_catalog.pg_namespace WHERE nspname = %(name)s
"""
_READ_DATABASE = """
    SELECT ARRAY(SELECT privilege_type
                 FROM pg_catalog.aclexplode(COALESCE(datacl, pg_catalog.acldefault('d', datdba)))
                 WHERE grantee = role.oid),
           (SELECT pg_catalog.substr(setting, pg_catalog.length('search_path=') + 1)
            FROM pg_catalog.pg_db_role_setting, pg_catalog.unnest(setconfig) AS setting
            WHERE setrole = role.oid AND setdatabase = db.oid
                  AND pg_catalog.starts_with(setting, 'search_path='))
    FROM pg_catalog.pg_database AS db, pg_catalog.pg_roles AS role
    WHERE datname = pg_catalog.current_database() AND rolname = %(name)s
"""


@dataclasses.dataclass(frozen=True)
class Role:
    """A role as the server has it.

    :param attributes: the keywords of CREATE ROLE that it holds.
    :param connection_limit: how many connections it may have; -1 is no limit.
    :param expires: whether its password has an end.
    :param member_of: the roles it is a member of.
    """

    attributes: frozenset[str]
    connection_limit: int
    expires: bool = False
    member_of: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Tenant:
    """What the server has under a client's name.

    :param role: None where there is none.
    :param owner: owner of the schema; None where there is no schema.
    :param schema_privileges: what the role was granted on the schema.
    :param database_privileges: what the role was granted on the database.
    :param search_path: the role's setting for this database as the server keeps it.
    :param act_as: whether the admin may act as the role already.
    :param password_works: whether the stored password logs in; None where that was not tried.
    :param figures: what a reader gets of its trades; None where nobody asked.
    """

    role: Role | None = None
    owner: str | None = None
    schema_privileges: frozenset[str] = frozenset()
    database_privileges: frozenset[str] = frozenset()
    search_path: str | None = None
    act_as: bool = False
    password_works: bool | None = None
    figures: Figures | None = None

    def shown(self) -> dict[str, t.Any]:
        """Return it as the module's result and diff show it."""
        if self.role is None:
            return {"role": None, "schema_owner": self.owner}
        return {
            "role": {
                "attributes": sorted(self.role.attributes),
                "connection_limit": self.role.connection_limit,
                "expires": self.role.expires,
                "member_of": list(self.role.member_of),
            },
            "schema_owner": self.owner,
            "schema_privileges": sorted(self.schema_privileges),
            "database_privileges": sorted(self.database_privileges),
            "search_path": self.search_path,
            **({"figures": self.figures.shown()} if self.figures else {}),
        }


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a tenant lives, and who looks after it.

    :param name: of its schema and its role alike.
    :param admin: the role that runs the statements.
    :param server_version: as libpq numbers it: 150018 is 15.18.
    :param reader: the role that gets the figures of its trades; None leaves that as it is.
    """

    name: str
    database: str
    admin: str
    server_version: int
    reader: str | None = None

    @property
    def search_path(self) -> str:
        """The setting as the server keeps it."""
        if _PLAIN_NAME.fullmatch(self.name):
            return self.name
        return '"' + self.name.replace('"', '""') + '"'


def wanted(place: Place, connection_limit: int) -> Tenant:
    """Return the tenant as it shall be."""
    return Tenant(
        role=Role(frozenset({"LOGIN"}), connection_limit),
        owner=place.name,
        schema_privileges=_SCHEMA_PRIVILEGES,
        database_privileges=_DATABASE_PRIVILEGES,
        search_path=place.search_path,
        password_works=True,
        figures=wanted_figures(place.name, place.reader) if place.reader else None,
    )


def read(connection: Connection, name: str, reader: str | None = None) -> Tenant:
    """Read what the server has under the tenant's name; its password is not tried.

    :param reader: the role whose way to the figures of the tenant's trades is read as well.
    :raises PlatformError: ``usage`` when there is no such reader.
    """
    figures = read_figures(connection, name, reader) if reader else None
    act = "SET" if connection.server_version >= _MEMBERSHIP_OPTIONS_SINCE else "MEMBER"
    with connection.cursor() as cursor:
        cursor.execute(_READ_SCHEMA, {"name": name})
        owner, schema_privileges = cursor.fetchone() or (None, [])
        cursor.execute(_READ_ROLE, {"name": name, "act": act})
        found = cursor.fetchone()
        if found is None:
            return Tenant(owner=owner, figures=figures)
        connection_limit, expires, attributes, member_of, act_as = found
        cursor.execute(_READ_DATABASE, {"name": name})
        database_privileges, search_path = cursor.fetchone() or ([], None)
    return Tenant(
        role=Role(frozenset(attributes), connection_limit, bool(expires), tuple(member_of)),
        owner=owner,
        schema_privileges=frozenset(schema_privileges),
        database_privileges=frozenset(database_privileges),
        search_path=search_path,
        act_as=act_as,
        figures=figures,
    )


def plan_present(current: Tenant, place: Place, connection_limit: int) -> list[Statement]:
    """Return the statements that make the tenant as wanted; none when it is.

    :raises PlatformError: ``schema_conflict`` for what the platform must not or may not change.
    """
    _refuse_conflict(current, place.name)
    statements = _plan_role(current, place.name, connection_limit)
    statements += _plan_database(current, place)
    return statements + _plan_schema(current, place)


def plan_absent(current: Tenant, place: Place, confirm: str | None) -> list[Statement]:
    """Return the statements that drop the schema with all that is in it, and the role.

    :param confirm: must be the schema's name.
    :raises PlatformError: ``confirmation_missing``, or ``schema_conflict`` when the schema is another's.
    """
    if confirm != place.name:
        raise PlatformError(
            "confirmation_missing", f"Dropping the schema {place.name} needs its name as confirmation"
        )
    _refuse_foreign_owner(current, place.name)
    if current.role is None:
        return []
    statements = [] if current.act_as else [_grant_membership(place)]
    if current.owner is not None:
        statements.append(statement("DROP SCHEMA {} CASCADE", place.name))
    # Takes the privileges and large objects that would hold the role back.
    statements.append(statement("DROP OWNED BY {} CASCADE", place.name))
    statements.append(statement("DROP ROLE {}", place.name))
    return statements


def _refuse_conflict(current: Tenant, name: str) -> None:
    _refuse_foreign_owner(current, name)
    if current.role is None:
        return
    excess = sorted(current.role.attributes & _NOT_OURS_TO_TAKE)
    if excess:
        raise PlatformError(
            "schema_conflict",
            f"The role {name} has {', '.join(excess)}, which only a superuser takes away",
        )
    if current.role.member_of:
        raise PlatformError(
            "schema_conflict", f"The role {name} is a member of {', '.join(current.role.member_of)}"
        )


def _refuse_foreign_owner(current: Tenant, name: str) -> None:
    if current.owner not in (None, name):
        raise PlatformError("schema_conflict", f"The schema {name} is owned by {current.owner}")


def _plan_role(current: Tenant, name: str, connection_limit: int) -> list[Statement]:
    if current.role is None:
        attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT"
        template = f"CREATE ROLE {{}} {attributes} CONNECTION LIMIT {{}} PASSWORD {{}}"
        return [
            Statement(
                sql.SQL(template).format(
                    sql.Identifier(name), sql.Literal(connection_limit), sql.Placeholder("verifier")
                ),
                has_verifier=True,
            )
        ]
    statements = []
    options = _drifted_options(current.role, connection_limit)
    if options:
        command = sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(name), sql.SQL(" ").join(options))
        statements.append(Statement(command))
    if not current.password_works:
        command = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(name), sql.Placeholder("verifier")
        )
        statements.append(Statement(command, has_verifier=True))
    return statements


def _drifted_options(role: Role, connection_limit: int) -> list[sql.Composable]:
    options: list[sql.Composable] = []
    if "LOGIN" not in role.attributes:
        options.append(sql.SQL("LOGIN"))
    options += [sql.SQL(opposite) for held, opposite in _OPPOSITES.items() if held in role.attributes]
    if role.connection_limit != connection_limit:
        options.append(sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(connection_limit)))
    if role.expires:
        options.append(sql.SQL("VALID UNTIL 'infinity'"))
    return options


def _plan_database(current: Tenant, place: Place) -> list[Statement]:
    statements = []
    # Privileges are the keywords that the server itself reported.
    for privilege in sorted(current.database_privileges - _DATABASE_PRIVILEGES):
        statements.append(
            statement(f"REVOKE {privilege} ON DATABASE {{}} FROM {{}}", place.database, place.name)
        )
    for privilege in sorted(_DATABASE_PRIVILEGES - current.database_privileges):
        statements.append(
            statement(f"GRANT {privilege} ON DATABASE {{}} TO {{}}", place.database, place.name)
        )
    if current.search_path != place.search_path:
        template = "ALTER ROLE {} IN DATABASE {} SET search_path = {}"
        statements.append(statement(template, place.name, place.database, place.name))
    return statements


def _plan_schema(current: Tenant, place: Place) -> list[Statement]:
    statements = []
    if current.owner is None:
        statements.append(statement("CREATE SCHEMA {} AUTHORIZATION {}", place.name, place.name))
    elif not current.schema_privileges >= _SCHEMA_PRIVILEGES:
        statements.append(statement("GRANT USAGE, CREATE ON SCHEMA {} TO {}", place.name, place.name))
    if current.figures:
        statements += plan_figures(current.figures, place.name)
    if not statements or current.act_as:
        return statements
    # The admin may act as the tenant for this transaction only.
    return [
        _grant_membership(place),
        *statements,
        statement("REVOKE {} FROM {}", place.name, place.admin),
    ]


def _grant_membership(place: Place) -> Statement:
    """Return the grant without which an admin who is no superuser may neither create nor drop for a role."""
    options = " WITH INHERIT TRUE, SET TRUE" if place.server_version >= _MEMBERSHIP_OPTIONS_SINCE else ""
    return statement("GRANT {} TO {}" + options, place.name, place.admin)


__all__ = ("Place", "Role", "Tenant", "plan_absent", "plan_present", "read", "wanted")
