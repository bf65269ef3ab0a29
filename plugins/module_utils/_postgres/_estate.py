# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A database of the platform with the role that owns it, closed to everybody else.

The login needs what a managed service gives its master user: CREATEROLE and CREATEDB, and no superuser. What
is inside the database is then closed by its owner, because the login has no business there.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._connection import (
    Login,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._manage import (
    Change,
    logs_in,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._owner import (
    Owner,
    plan_owner,
    refuse_powers,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._public import (
    Opening,
    database_opening,
    database_openings,
    inner_openings,
    new_openings,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._statement import (
    Statement,
    execute,
    show,
    statement,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._tenant import (
    Role,
    read,
)

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_MEMBERSHIP_OPTIONS_SINCE: t.Final = 160_000

# From version 16 on the server itself grants a role to its maker, without the use of it.
_READ_LOGIN = """
    SELECT rolsuper,
           EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m
                   WHERE m.roleid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %(owner)s)
                         AND m.member = r.oid AND (m.grantor = r.oid OR %(any_grantor)s))
    FROM pg_catalog.pg_roles AS r WHERE rolname = current_user
"""
_READ_DATABASE = """
    SELECT pg_catalog.pg_get_userbyid(datdba)::text FROM pg_catalog.pg_database WHERE datname = %(database)s
"""


@dataclasses.dataclass(frozen=True)
class DatabaseChange(Change):
    """What was done, or would be.

    :param left_open: what any role may do still, because this login cannot take it away.
    """

    left_open: list[str]


@dataclasses.dataclass(frozen=True)
class _Found:
    """What the server has.

    :param is_member: whether the login has made itself a member of the owner, and not taken it back.
    :param role: the owner's; None where there is none.
    :param password_works: whether the owner logs in with the password.
    :param database_owner: None where there is no database.
    :param open_databases: those that any role may connect to, by name.
    """

    superuser: bool
    is_member: bool
    role: Role | None
    password_works: bool
    database_owner: str | None
    open_databases: dict[str, Opening]


def ensure_database(login: Login, database: str, owner: Owner, *, check: bool) -> DatabaseChange:
    """Make a database and the role that owns it as they shall be, and take from PUBLIC what can be taken.

    A database of the login itself, as a managed service makes it, is handed to the owner. Other databases of
    the login, such as ``postgres``, are closed as well. A run that was interrupted is ended by the next one.

    :param login: of a superuser, or a role with CREATEROLE and CREATEDB, to another database than this one.
    :param check: read and plan only.
    :raises PlatformError: ``database_conflict`` for what the login must not or may not change, ``usage``,
        ``database_unreachable`` or ``database_refused``.
    """
    task = _Task(login, database, owner)
    _refuse_usage(task)
    with connect(login) as connection:
        # Databases are not made in transactions.
        connection.autocommit = True
        found = _read(connection, task)
        _refuse_conflict(connection, found, task)
        statements = _plan_server(connection, found, task)
        if not check:
            execute(connection, statements, owner.name, owner.password)
        inner = _close_inside(found, task, check=check)
        statements += [each.closing for each in inner if each.closing]
        queries = show(connection, statements)
    openings = [*(each for name, each in found.open_databases.items() if name != database), *inner]
    left_open = [each.text for each in openings if each.closing is None]
    return DatabaseChange(
        queries,
        _shown(found.role, found.password_works, found.database_owner, [each.text for each in openings]),
        _shown(owner.role, True, owner.name, left_open),
        left_open,
    )


@dataclasses.dataclass(frozen=True)
class _Task:
    """Who shall see to which database of whom."""

    login: Login
    database: str
    owner: Owner


def _refuse_usage(task: _Task) -> None:
    if task.login.user == task.owner.name:
        raise PlatformError("usage", f"The role {task.owner.name} cannot be the one that logs in")
    if task.login.database == task.database:
        raise PlatformError("usage", f"The login must be to another database than {task.database}")


def _read(connection: Connection, task: _Task) -> _Found:
    owner, database = task.owner.name, task.database
    parameters = {
        "owner": owner,
        "database": database,
        "any_grantor": not _has_membership_options(connection),
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ_LOGIN, parameters)
        superuser, is_member = cursor.fetchone() or (False, False)
        cursor.execute(_READ_DATABASE, parameters)
        (database_owner,) = cursor.fetchone() or (None,)
    role = read(connection, owner).role
    complete = role is not None and database_owner is not None
    return _Found(
        superuser=superuser,
        is_member=is_member and not superuser,
        role=role,
        password_works=complete and logs_in(task.login.to(database), owner, task.owner.password),
        database_owner=database_owner,
        open_databases=database_openings(connection),
    )


def _refuse_conflict(connection: Connection, found: _Found, task: _Task) -> None:
    refuse_powers(connection, task.owner.name, found.role)
    if found.database_owner not in (None, task.owner.name, task.login.user):
        raise PlatformError(
            "database_conflict", f"The database {task.database} is owned by {found.database_owner}"
        )


def _plan_server(connection: Connection, found: _Found, task: _Task) -> list[Statement]:
    """Return what the login does: role, database, and the closing of what is its own."""
    owner = task.owner
    statements = plan_owner(owner, found.role, found.password_works)
    handover = []
    if found.database_owner is None:
        handover.append(statement("CREATE DATABASE {} OWNER {}", task.database, owner.name))
    elif found.database_owner != owner.name:
        handover.append(statement("ALTER DATABASE {} OWNER TO {}", task.database, owner.name))
    if handover and not found.superuser:
        options = " WITH INHERIT TRUE, SET TRUE" if _has_membership_options(connection) else ""
        statements.append(statement("GRANT {} TO {}" + options, owner.name, task.login.user))
    statements += handover
    if found.is_member or (handover and not found.superuser):
        statements.append(statement("REVOKE {} FROM {}", owner.name, task.login.user))
    others = (each for name, each in found.open_databases.items() if name != task.database)
    return statements + [each.closing for each in others if each.closing]


def _close_inside(found: _Found, task: _Task, *, check: bool) -> list[Opening]:
    """Return what was open in the database itself, after closing what can be closed."""
    is_open = found.database_owner is None or task.database in found.open_databases
    openings = [database_opening(task.database, True)] if is_open else []
    if check and found.database_owner is None:
        return openings + new_openings(superuser=found.superuser)
    entry = _entry(found, task, check=check)
    if entry is None:
        return openings
    with connect(entry) as connection:
        openings += inner_openings(connection)
        if not check:
            execute(connection, [each.closing for each in openings if each.closing])
            connection.commit()
    return openings


def _entry(found: _Found, task: _Task, *, check: bool) -> Login | None:
    """Return who looks inside: the owner, or who may do so anyway; None when nobody can yet."""
    login = task.login.to(task.database)
    if found.superuser or (check and found.database_owner == login.user):
        return login
    if check and not found.password_works:
        return None
    return login.as_user(task.owner.name, task.owner.password)


def _has_membership_options(connection: Connection) -> bool:
    return connection.server_version >= _MEMBERSHIP_OPTIONS_SINCE


def _shown(
    role: Role | None, password_works: bool, database_owner: str | None, openings: list[str]
) -> dict[str, t.Any]:
    owner = None
    if role is not None:
        owner = {
            "attributes": sorted(role.attributes),
            "connection_limit": role.connection_limit,
            "expires": role.expires,
            "password": "as stored" if password_works else "not as stored",
        }
    return {"owner": owner, "database_owner": database_owner, "open_to_public": openings}


__all__ = ("DatabaseChange", "ensure_database")
