# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Read, plan and apply a client's role and schema in one transaction."""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._connection import (
    Login,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._statement import (
    Statement,
    execute,
    show,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._tenant import (
    Place,
    Tenant,
    plan_absent,
    plan_present,
    read,
    wanted,
)

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

# The server's words, because psycopg2 passes on no SQLSTATE when a connection is refused.
_NO_LOGIN = re.compile(
    "password authentication failed|not permitted to log in|permission denied for database"
)
_AFTER_LOGIN = "too many connections for role"

# What PostgreSQL answers when two transactions grant something on one database or schema at the same time.
_AT_THE_SAME_TIME = "XX000"
_ATTEMPTS: t.Final = 10
_PAUSE_SECONDS: t.Final = 0.1


@dataclasses.dataclass(frozen=True)
class Change:
    """What was done, or would be.

    :param queries: the SQL in order, with a placeholder for a password.
    """

    queries: list[str]
    before: dict[str, t.Any]
    after: dict[str, t.Any]

    @property
    def changed(self) -> bool:
        return bool(self.queries)


def ensure_tenant(
    login: Login,
    name: str,
    password: str | None,
    connection_limit: int,
    *,
    reader: str | None = None,
    check: bool,
) -> Change:
    """Give the tenant its role, schema, privileges, search path and password.

    :param login: of an admin with CREATEROLE; a superuser is not needed.
    :param password: the role's password; None only when it is not made yet and ``check`` is set.
    :param reader: the role that gets the figures of the tenant's trades, which :func:`create_reader` made.
    :param check: read and plan only.
    :raises PlatformError: ``schema_conflict``, ``usage``, ``database_unreachable`` or ``database_refused``.
    """
    change = _alone(lambda: _ensure(login, name, password, connection_limit, reader, check))
    if change.changed and not check and password is not None:
        _verify(login, name, password)
    return change


def _ensure(
    login: Login, name: str, password: str | None, connection_limit: int, reader: str | None, check: bool
) -> Change:
    with connect(login) as connection:
        place = _place(connection, login, name, reader)
        current = read(connection, name, reader)
        works = current.role is not None and password is not None and logs_in(login, name, password)
        current = dataclasses.replace(current, password_works=works)
        statements = plan_present(current, place, connection_limit)
        change = _change(connection, statements, current, wanted(place, connection_limit))
        if statements and not check:
            if password is None:
                raise PlatformError("usage", f"No password is stored yet for the role {name}")
            execute(connection, statements, name, password)
            connection.commit()
    return change


def remove_tenant(login: Login, name: str, confirm: str | None, *, check: bool) -> Change:
    """Drop the tenant's schema with all that is in it, and its role.

    :param confirm: must be the schema's name.
    :param check: read and plan only.
    :raises PlatformError: ``confirmation_missing``, ``schema_conflict``, ``database_unreachable`` or
        ``database_refused``.
    """
    return _alone(lambda: _remove(login, name, confirm, check))


def _remove(login: Login, name: str, confirm: str | None, check: bool) -> Change:
    with connect(login) as connection:
        current = read(connection, name)
        statements = plan_absent(current, _place(connection, login, name), confirm)
        change = _change(connection, statements, current, Tenant())
        if not check:
            execute(connection, statements)
            connection.commit()
    return change


def _alone(work: t.Callable[[], Change]) -> Change:
    """Do the work of one transaction again while another's of the same kind is in its way.

    No lock keeps them apart: the locks that an admin without superuser can take, a client can take too.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return work()
        except PlatformError as error:
            if error.details.get("sqlstate") != _AT_THE_SAME_TIME:
                raise
        time.sleep(_PAUSE_SECONDS * attempt)
    return work()


def logs_in(login: Login, user: str, password: str) -> bool:
    """Return whether the user logs in with the password to the database of ``login``.

    :raises PlatformError: when neither is certain.
    """
    try:
        with connect(login.as_user(user, password)):
            return True
    except PlatformError as error:
        if _NO_LOGIN.search(error.message):
            return False
        # A busy bot holds all its connections; the server says so only after it has accepted the password.
        if _AFTER_LOGIN in error.message:
            return True
        raise


def _verify(login: Login, name: str, password: str) -> None:
    """Log in as the tenant and see its schema first in the search path."""
    with connect(login.as_user(name, password)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_catalog.current_schema()")
        row = cursor.fetchone()
    if row is None or row[0] != name:
        raise PlatformError("database_refused", f"The role {name} does not find its schema on its path")


def _place(connection: Connection, login: Login, name: str, reader: str | None = None) -> Place:
    return Place(name, login.database, login.user, connection.server_version, reader)


def _change(connection: Connection, statements: list[Statement], before: Tenant, after: Tenant) -> Change:
    return Change(show(connection, statements), _described(before), _described(after))


def _described(tenant: Tenant) -> dict[str, t.Any]:
    shown = tenant.shown()
    if tenant.role is not None:
        shown["password"] = "as stored" if tenant.password_works else "not as stored"
    return shown


__all__ = ("Change", "ensure_tenant", "logs_in", "remove_tenant")
