# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The clients' database as the platform makes it, with trades and a reader of their figures."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres import (
    Login,
    Owner,
    create_reader,
    ensure_database,
    ensure_tenant,
)
from psycopg2 import sql

from .postgres import SUPERUSER, SUPERUSER_PASSWORD, Server

if t.TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

DATABASE = "freqtrade_multi"
ADMIN = Owner("platform_admin", "admin-of-a-throw-away-database", creates_roles=True)
READER = "platform_metrics"
READER_PASSWORD = "reader-of-a-throw-away-database"
TRADES = """
    CREATE TABLE trades (
        id serial PRIMARY KEY, stake_currency varchar(25), is_open boolean NOT NULL,
        realized_profit double precision, close_profit_abs double precision,
        open_date timestamp NOT NULL, close_date timestamp);
    CREATE TABLE orders (id serial PRIMARY KEY, ft_trade_id integer REFERENCES trades);
    INSERT INTO trades (stake_currency, is_open, realized_profit, close_profit_abs, open_date, close_date)
    VALUES ('USDT', false, 0, 12.5, '2026-01-01 10:00', '2026-01-02 10:00'),
           ('USDT', false, 1, -2.5, '2026-01-03 10:00', '2026-01-03 11:00'),
           ('USDT', true, 0.5, NULL, '2026-01-02 00:00', NULL)
"""
"""Freqtrade's columns that matter here: in USDT one open trade, two closed, a profit of 10.5."""
LAST_TRADE = 1767438000.0


@dataclasses.dataclass(frozen=True)
class ClientsDatabase:
    """A prepared database on a server, and the role that reads figures in it."""

    server: Server

    @property
    def figures_url(self) -> str:
        """What the reader logs in with."""
        place = f"{self.server.host}:{self.server.port}/{DATABASE}"
        return f"postgresql://{READER}:{READER_PASSWORD}@{place}"

    @property
    def _superuser(self) -> Login:
        return Login(self.server.host, self.server.port, SUPERUSER, "postgres", password=SUPERUSER_PASSWORD)

    def prepare(self) -> None:
        """Make the database, its admin and the reader."""
        ensure_database(self._superuser, DATABASE, ADMIN, check=False)
        create_reader(self._admin, READER, READER_PASSWORD)

    @property
    def _admin(self) -> Login:
        return self._superuser.to(DATABASE).as_user(ADMIN.name, ADMIN.password or "")

    def add(self, number: int, statements: str = TRADES) -> str:
        """Make a client, run statements as the client, and return its password."""
        name, password = Client(number).schema, f"p-{number}-0123456789012345678901234567"
        ensure_tenant(self._admin, name, password, 20, reader=READER, check=False)
        with self.server.session(name, password, DATABASE) as cursor:
            cursor.execute(statements)
        return password

    def clear(self) -> None:
        """Drop all clients."""
        with self.server.superuser(DATABASE) as cursor:
            for name in _clients(cursor):
                cursor.execute(
                    sql.SQL("DROP SCHEMA {0} CASCADE; DROP OWNED BY {0}; DROP ROLE {0}").format(
                        sql.Identifier(name)
                    )
                )


def _clients(cursor: Cursor) -> list[str]:
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^cliente_'")
    return [name for (name,) in cursor.fetchall()]
