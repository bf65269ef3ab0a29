# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Connect to PostgreSQL and turn its errors into the collection's."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

try:
    import psycopg2
except ImportError:
    HAS_PSYCOPG2 = False
else:
    HAS_PSYCOPG2 = True

if t.TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

# Must be kept in sync with plugins/doc_fragments/postgres.py
ARGUMENT_SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    "login_host": {"type": "str", "default": "localhost"},
    "login_port": {"type": "int", "default": 5432},
    "login_user": {"type": "str", "required": True},
    "login_passfile": {"type": "path", "no_log": False},
    "login_sslmode": {
        "type": "str",
        "choices": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        "default": "prefer",
    },
    "login_database": {"type": "str", "default": "freqtrade_multi"},
    "connect_timeout": {"type": "int", "default": 10},
}

_UNREACHABLE_CLASSES = ("08", "53", "57", "58")
_LOCK_NOT_AVAILABLE = "55P03"
_MILLISECONDS: t.Final = {"lock_timeout": 10_000, "statement_timeout": 60_000}


@dataclasses.dataclass(frozen=True)
class Login:
    """Who connects to which database, and how.

    :param passfile: a password file of libpq; None leaves libpq its own ways.
    :param password: only for logins whose password is no file, such as a client's; never shown.
    :param connect_timeout: seconds.
    """

    host: str
    port: int
    user: str
    database: str
    sslmode: str = "prefer"
    passfile: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    connect_timeout: int = 10

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Login:
        """Take a login from a module's options, as :data:`ARGUMENT_SPEC` names them."""
        return cls(
            host=options["login_host"],
            port=options["login_port"],
            user=options["login_user"],
            database=options["login_database"],
            sslmode=options["login_sslmode"],
            passfile=options["login_passfile"],
            connect_timeout=options["connect_timeout"],
        )

    def as_user(self, user: str, password: str) -> Login:
        """Return the login of another user to the same database."""
        return dataclasses.replace(self, user=user, password=password, passfile=None)

    def to(self, database: str) -> Login:
        """Return the login of the same user to another database."""
        return dataclasses.replace(self, database=database)


@contextlib.contextmanager
def connect(login: Login) -> t.Iterator[Connection]:
    """Yield a connection and close it after the block; what is not committed by then is rolled back.

    :raises PlatformError: ``library_missing``, ``database_unreachable`` or ``database_refused``, with the
        SQLSTATE in its details where there is one; errors inside the block are translated as well.
    """
    if not HAS_PSYCOPG2:
        raise PlatformError("library_missing", "The Python library psycopg2 is missing")
    with _translated(login):
        connection = psycopg2.connect(**_parameters(login))
        try:
            # A client's open transaction must not hold up the platform for ever.
            with connection.cursor() as cursor:
                for setting, value in _MILLISECONDS.items():
                    cursor.execute("SELECT pg_catalog.set_config(%s, %s, false)", (setting, str(value)))
            connection.commit()
            yield connection
        finally:
            connection.close()


def _parameters(login: Login) -> dict[str, t.Any]:
    parameters: dict[str, t.Any] = {
        "host": login.host,
        "port": login.port,
        "user": login.user,
        "dbname": login.database,
        "sslmode": login.sslmode,
        "connect_timeout": login.connect_timeout,
        "application_name": "bot_freqtrade.platform",
        "client_encoding": "utf8",
    }
    if login.passfile is not None:
        parameters["passfile"] = login.passfile
    if login.password is not None:
        parameters["password"] = login.password
    return parameters


@contextlib.contextmanager
def _translated(login: Login) -> t.Iterator[None]:
    try:
        yield
    except psycopg2.Error as error:
        raise translate(error, login) from None


def translate(error: psycopg2.Error, login: Login) -> PlatformError:
    """Turn an error of psycopg2 into the collection's; an unsent or unanswered query is ``unreachable``."""
    where = f"PostgreSQL {login.host}:{login.port}/{login.database} as {login.user}"
    if error.pgcode is None:
        text = " ".join(str(error).split())
        code = "database_refused" if "FATAL:" in text else "database_unreachable"
        return PlatformError(code, f"Cannot use {where}: {text}")
    unreachable = error.pgcode[:2] in _UNREACHABLE_CLASSES or error.pgcode == _LOCK_NOT_AVAILABLE
    return PlatformError(
        "database_unreachable" if unreachable else "database_refused",
        f"Refused by {where}: {error.diag.message_primary} (SQLSTATE {error.pgcode})",
        sqlstate=error.pgcode,
    )


__all__ = ("ARGUMENT_SPEC", "Connection", "Login", "connect", "translate")
