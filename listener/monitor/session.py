# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with PostgreSQL in which others' code may run, as in a function that runs as a client.

Such code may hang, change settings, or leave something to be done at a commit. So every answer has a deadline
on this side, a transaction can write nothing, and none is ever committed.
"""

from __future__ import annotations

import select
import time
import typing as t

import psycopg2
import sqlalchemy as sa
from psycopg2 import extensions

if t.TYPE_CHECKING:
    from psycopg2 import sql

_OPTIONS: t.Final = {
    "statement_timeout": "2000",
    "lock_timeout": "500",
    "idle_in_transaction_session_timeout": "10000",
    # Ends a statement that catches its own time-out, once this side has hung up.
    "client_connection_check_interval": "2000",
    "default_transaction_read_only": "on",
    "client_min_messages": "error",
    "search_path": "pg_catalog",
}


class DeadlineError(Exception):
    """An answer of the database did not come in time."""


class Session:
    """A connection to PostgreSQL that waits for no answer longer than it is told to.

    :param url: of SQLAlchemy or libpq; its driver does not matter.
    :param deadline: monotonic time at which waiting ends; it may be set anew.
    """

    def __init__(self, url: str, deadline: float) -> None:
        self.deadline = deadline
        place = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        options = " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items())
        self._connection = psycopg2.connect(
            place, async_=True, application_name="monitor", options=options, tcp_user_timeout=5000
        )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def run(self, query: str | sql.Composed, *parameters: t.Any) -> extensions.cursor:
        """Send a query and wait for its answer.

        :raises DeadlineError: it did not come in time; the session is of no more use.
        """
        cursor = self._connection.cursor()
        cursor.execute(query, parameters or None)
        self._wait()
        return cursor

    def rows(self, query: str | sql.Composed, *parameters: t.Any) -> list[tuple[t.Any, ...]]:
        """Return what a query yields in a transaction of its own that can write nothing.

        :raises DeadlineError: as :meth:`run` does.
        """
        self.run("BEGIN READ ONLY")
        try:
            return self.run(query, *parameters).fetchall()
        finally:
            # A commit would run what a client has left to be done at the end, with the reader's rights.
            if not self._is_waiting():
                self.run("ROLLBACK")

    def _is_waiting(self) -> bool:
        return bool(self._connection.isexecuting())

    def _wait(self) -> None:
        waits = {
            extensions.POLL_READ: ([self._connection], []),
            extensions.POLL_WRITE: ([], [self._connection]),
        }
        while (state := self._connection.poll()) != extensions.POLL_OK:
            left = self.deadline - time.monotonic()
            if left <= 0 or not any(select.select(*waits[state], [], left)):
                raise DeadlineError


__all__ = ("DeadlineError", "Session")
