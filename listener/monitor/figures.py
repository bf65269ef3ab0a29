# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of clients' trades and the connections of their database, read as a role that sees no more."""

from __future__ import annotations

import re
import time
import typing as t
from collections import defaultdict
from dataclasses import dataclass

import psycopg2
import sqlalchemy as sa
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from psycopg2 import sql

from listener.logs import get_logger

from .session import DeadlineError, Session
from .sources import gauge, kind_of

if t.TYPE_CHECKING:
    from prometheus_client.core import Metric

log = get_logger(__name__)

CLIENT_SECONDS: t.Final = 2.5
"""Time that one client's figures may take."""
ALL_SECONDS: t.Final = 8.0
"""Time that all clients' figures may take; those that come too late are told as unreadable."""
CURRENCIES: t.Final = 8
"""Most currencies of one client."""
OTHER: t.Final = "other"

_CURRENCY: t.Final = re.compile(r"[A-Z0-9]{1,12}")
_FUNCTION: t.Final = re.compile(r"cliente_(\d{3,9})")
_CLIENTS: t.Final = """
    SELECT proname::text, rolconnlimit, (SELECT count(*) FROM pg_stat_activity WHERE usesysid = proowner)
    FROM pg_proc JOIN pg_roles AS owner ON owner.oid = proowner
    WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_user)
          AND proname = rolname AND has_function_privilege(pg_proc.oid, 'EXECUTE')
    ORDER BY 1
"""
_FIGURES: t.Final = """
    SELECT left(currency, 13), open_trades, closed_trades, profit, last_trade FROM {}() LIMIT %s
"""
_CONNECTIONS: t.Final = """
    SELECT datname::text, numbackends FROM pg_stat_database WHERE datname NOT IN ('template0', 'template1')
"""
_LIMIT: t.Final = """
    SELECT sum(CASE name WHEN 'max_connections' THEN 1 ELSE -1 END * setting::int) FROM pg_settings
    WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
"""


@dataclass(slots=True)
class _Total:
    """The figures of one client in one currency."""

    open_trades: int = 0
    closed_trades: int = 0
    profit: float = 0.0


class Figures:
    """What the database tells of clients and of itself.

    :param url: of the clients' database, for the role that reads figures.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._late: set[str] = set()

    def __call__(self) -> list[Metric]:
        end = time.monotonic() + ALL_SECONDS
        session = Session(self._url, end)
        try:
            metrics = _connections(session)
            clients = session.rows(_CLIENTS)
        finally:
            session.close()
        limits = [(_host(function), *numbers) for function, *numbers in clients if _host(function)]
        return [*metrics, *_limits(limits), *self._trades([function for function, *_ in clients], end)]

    def _trades(self, functions: list[str], end: float) -> list[Metric]:
        names = {
            "open_trades": "Trades that are open",
            "closed_trades": "Trades that were closed",
            "profit": "Realised profit",
        }
        sums = {
            name: gauge(f"platform_client_{name}", text, "client", "currency") for name, text in names.items()
        }
        last = gauge(
            "platform_client_last_trade_timestamp_seconds", "When a trade was last opened or closed", "client"
        )
        readable = gauge(
            "platform_client_figures_readable", "1 where the client's figures could be read", "client"
        )
        for client, rows in self._all(functions, end).items():
            readable.add_metric([client], rows is not None)
            totals: dict[str, _Total] = defaultdict(_Total)
            for currency, open_trades, closed_trades, profit, _ in rows or ():
                total = totals[currency if _CURRENCY.fullmatch(currency or "") else OTHER]
                total.open_trades += open_trades or 0
                total.closed_trades += closed_trades or 0
                total.profit += profit or 0.0
            for currency, total in totals.items():
                for name, metric in sums.items():
                    metric.add_metric([client, currency], getattr(total, name))
            if times := [row[4] for row in rows or () if row[4] is not None]:
                last.add_metric([client], max(times))
        return [*sums.values(), last, readable]

    def _all(self, functions: list[str], end: float) -> dict[str, list[tuple[t.Any, ...]] | None]:
        """Return the rows of each client; None for those that could not be read."""
        found: dict[str, list[tuple[t.Any, ...]] | None] = {}
        session: Session | None = None
        # Who was late before comes last, so that it takes nobody else's time again.
        for function in sorted(filter(_host, functions), key=lambda name: (name in self._late, name)):
            found[_host(function)] = None
            if time.monotonic() >= end:
                continue
            try:
                if session is None:
                    session = Session(self._url, end)
                session.deadline = min(end, time.monotonic() + CLIENT_SECONDS)
                query = sql.SQL(_FIGURES).format(sql.Identifier(_schema(self._url), function))
                found[_host(function)] = session.rows(query, CURRENCIES)
                self._late.discard(function)
            except (psycopg2.Error, DeadlineError) as error:
                log.warning("figures_unreadable", client=_host(function), error=kind_of(error))
                if isinstance(error, DeadlineError | psycopg2.OperationalError):
                    self._late.add(function)
                    if session is not None:
                        session.close()
                    session = None
        if session is not None:
            session.close()
        return found


def _schema(url: str) -> str:
    return sa.make_url(url).username or ""


def _host(function: str) -> str:
    """Return the client that a function is named after; empty where it is none."""
    match = _FUNCTION.fullmatch(function)
    return Client(int(match[1])).host if match else ""


def _connections(session: Session) -> list[Metric]:
    open_now = gauge("platform_database_connections", "Connections to a database", "database")
    for database, number in session.rows(_CONNECTIONS):
        open_now.add_metric([database], number)
    limit = gauge(
        "platform_database_connections_limit", "Connections that the server takes of all but superusers"
    )
    limit.add_metric([], session.rows(_LIMIT)[0][0])
    return [open_now, limit]


def _limits(clients: list[tuple[t.Any, ...]]) -> list[Metric]:
    limit = gauge("platform_client_connections_limit", "Connections that a client may have", "client")
    open_now = gauge("platform_client_connections", "Connections that a client has", "client")
    for client, most, number in clients:
        limit.add_metric([client], most)
        open_now.add_metric([client], number)
    return [limit, open_now]


__all__ = ("Figures",)
