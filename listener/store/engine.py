# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to the listener's database, and waiting for its notifications."""

from __future__ import annotations

import contextlib
import select
import typing as t

import psycopg2
import sqlalchemy as sa
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

if t.TYPE_CHECKING:
    from collections.abc import Callable

CHANNEL: t.Final = "platform_commands"
"""Channel on which each change of a command's state is told; the payload is the new state."""

_TIMEOUTS: t.Final = {
    "statement_timeout": 15_000,
    "lock_timeout": 10_000,
    "idle_in_transaction_session_timeout": 30_000,
}
"""Milliseconds after which the server gives up on a session that hangs."""


def make_engine(url: str) -> sa.Engine:
    """Return an engine for the database *url*; lost connections are noticed before they are used."""
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg2"),
        pool_pre_ping=True,
        pool_size=5,
        connect_args={
            "connect_timeout": 5,
            "application_name": "listener",
            # A server that vanished without a word is noticed in some seconds instead of hours.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": " ".join(f"-c {name}={milliseconds}" for name, milliseconds in _TIMEOUTS.items()),
        },
    )


def notify(connection: sa.Connection, state: str) -> None:
    """Tell the roles, once this transaction is committed, that a command has entered *state*."""
    connection.execute(sa.select(sa.func.pg_notify(CHANNEL, state)))


class Wakeup:
    """Waits for a command to enter one of some states.

    A wake-up may be lost while the database is away; so callers look again after each pause, notified or not.

    :param states: the states that end the pause.
    """

    def __init__(self, engine: sa.Engine, states: t.Container[str]) -> None:
        self._engine = engine
        self._states = states
        self._connection: t.Any = None

    def wait(self, seconds: float, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Return True as soon as a command has entered one of the states, False after *seconds*.

        :param stopped: asked every 0.2 s; when it says so the wait ends early.
        :raises sqlalchemy.exc.OperationalError: the database is away.
        """
        try:
            return self._wait(seconds, stopped)
        except psycopg2.Error as error:
            self.close()
            raise sa.exc.OperationalError("LISTEN", None, error) from error

    def _wait(self, seconds: float, stopped: Callable[[], bool]) -> bool:
        connection = self._listening()
        remaining = seconds
        while not self._told(connection) and remaining > 0 and not stopped():
            piece = min(remaining, 0.2)
            if select.select([connection], [], [], piece)[0]:
                connection.poll()
            else:
                remaining -= piece
        told = any(item.payload in self._states for item in connection.notifies)
        connection.notifies.clear()
        return told

    def _told(self, connection: t.Any) -> bool:
        return any(item.payload in self._states for item in connection.notifies)

    def _listening(self) -> t.Any:
        if self._connection is None:
            pooled = self._engine.raw_connection()
            pooled.detach()
            self._connection = pooled.dbapi_connection
            self._connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
            with self._connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
        return self._connection

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            with contextlib.suppress(psycopg2.Error):
                self._connection.close()
            self._connection = None
