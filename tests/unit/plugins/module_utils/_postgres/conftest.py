# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Databases as the platform prepares them, on the oldest and the newest PostgreSQL that is supported."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres import (
    Login,
    Owner,
    ensure_database,
    ensure_tenant,
)
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import (
    SUPERUSER,
    SUPERUSER_PASSWORD,
    Server,
)
from psycopg2 import sql

DATABASE = "freqtrade_multi"
ADMIN = Owner("platform_admin", "admin-of-a-throw-away-database", creates_roles=True)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A fresh database on a server, and the admin who is no superuser."""

    server: Server
    login: Login

    def tenant(self, name: str, connection_limit: int = 20, reader: str | None = None) -> str:
        """Create a tenant and return its password."""
        password = f"p-{name}-0123456789012345678901234567"
        ensure_tenant(self.login, name, password, connection_limit, reader=reader, check=False)
        return password

    def as_superuser(self, query: str, *names: str) -> list[tuple[t.Any, ...]]:
        """Run a query in the database as the superuser; ``{}`` takes names."""
        with self.server.superuser(DATABASE) as cursor:
            cursor.execute(sql.SQL(query).format(*map(sql.Identifier, names)))
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(params=[15, 18], ids=lambda version: f"postgres_{version}")
def prepared(request: pytest.FixtureRequest, tmp_path: Path) -> t.Iterator[Prepared]:
    """A prepared database with no tenant, on each version in turn; tests put back what else they change."""
    server: Server = request.getfixturevalue(f"postgres_{request.param}")
    superuser = Login(server.host, server.port, SUPERUSER, "postgres", password=SUPERUSER_PASSWORD)
    ensure_database(superuser, DATABASE, ADMIN, check=False)
    passfile = server.write_passfile(tmp_path / "pgpass", ADMIN.name, ADMIN.password)
    yield Prepared(server, Login(server.host, server.port, ADMIN.name, DATABASE, passfile=str(passfile)))
    _drop_tenants(server)


def _drop_tenants(server: Server) -> None:
    with server.superuser(DATABASE) as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|postgres$|platform_admin$)'")
        for (name,) in cursor.fetchall():
            cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {0} CASCADE").format(sql.Identifier(name)))
            cursor.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))
