# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients' figures from a real database, in which some clients are hostile."""

from __future__ import annotations

import time

import pytest

from listener.monitor import figures
from listener.monitor.figures import Figures
from listener.monitor.session import DeadlineError, Session
from tests.support.clients_database import LAST_TRADE, READER, ClientsDatabase

from .conftest import Read

VIEW = """
    CREATE TABLE heard (what text);
    GRANT USAGE ON SCHEMA {own} TO platform_metrics;
    GRANT ALL ON heard TO platform_metrics;
    CREATE FUNCTION act() RETURNS text LANGUAGE plpgsql AS $act${act}$act$;
    GRANT EXECUTE ON FUNCTION act() TO PUBLIC;
    CREATE VIEW trades AS SELECT act() AS stake_currency, true AS is_open, 0::float8 AS realized_profit,
        0::float8 AS close_profit_abs, '2026-01-01'::timestamp AS open_date, NULL::timestamp AS close_date
"""
SPY = """
    CREATE FUNCTION spy() RETURNS integer LANGUAGE plpgsql SECURITY INVOKER AS $spy$
    BEGIN
        PERFORM pg_notify('leak', profit::text) FROM platform_metrics.cliente_002();
        RETURN 1;
    EXCEPTION WHEN OTHERS THEN
        RETURN 0;
    END $spy$;
    GRANT EXECUTE ON FUNCTION spy() TO PUBLIC;
"""


def hostile(act: str, before: str = "", number: int = 1) -> str:
    """Make trades a view that runs *act* whenever it is read."""
    return before + VIEW.format(own=f"cliente_{number:03d}", act=act)


def test_every_client_s_figures_are_read(database: ClientsDatabase, read: Read) -> None:
    database.add(1)
    database.add(2, "SELECT 1")
    found = read(Figures(database.figures_url))
    usdt = "{client=cliente-001,currency=USDT}"
    assert found[f"platform_client_open_trades{usdt}"] == 1
    assert found[f"platform_client_closed_trades{usdt}"] == 2
    assert found[f"platform_client_profit{usdt}"] == 10.5
    assert found["platform_client_last_trade_timestamp_seconds{client=cliente-001}"] == LAST_TRADE
    assert found["platform_client_figures_readable{client=cliente-001}"] == 1
    assert found["platform_client_figures_readable{client=cliente-002}"] == 1
    assert [name for name in found if "cliente-002" in name and "trade" in name] == []


def test_connections_are_counted_against_their_limits(database: ClientsDatabase, read: Read) -> None:
    password = database.add(1)
    with database.server.session("cliente_001", password, "freqtrade_multi"):
        found = read(Figures(database.figures_url))
    assert found["platform_database_connections{database=freqtrade_multi}"] >= 2
    assert found["platform_database_connections_limit{}"] == 100 - 3
    assert found["platform_client_connections{client=cliente-001}"] == 1
    assert found["platform_client_connections_limit{client=cliente-001}"] == 20


def test_a_currency_that_is_none_becomes_no_label(database: ClientsDatabase, read: Read) -> None:
    database.add(
        1,
        hostile("BEGIN RETURN 'USDT\"} 1\nforged 2 ' || repeat('x', 1000000); END"),
    )
    found = read(Figures(database.figures_url))
    assert found["platform_client_open_trades{client=cliente-001,currency=other}"] == 1
    assert not any("forged" in name for name in found)


def test_a_client_has_a_few_currencies_only(database: ClientsDatabase, read: Read) -> None:
    database.add(1)
    with database.server.superuser("freqtrade_multi") as cursor:
        cursor.execute(
            "INSERT INTO cliente_001.trades (stake_currency, is_open, open_date)"
            " SELECT 'C' || n, true, now() FROM generate_series(1, 1000) AS n"
        )
    found = read(Figures(database.figures_url))
    assert len([name for name in found if "open_trades" in name]) == figures.CURRENCIES


@pytest.mark.parametrize(
    "act",
    [
        "BEGIN PERFORM pg_sleep(60); RETURN ''; END",
        # Catches its own time-out and goes on.
        "BEGIN FOR n IN 1..10 LOOP"
        " BEGIN PERFORM pg_sleep(4); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; RETURN ''; END",
        "BEGIN RAISE EXCEPTION 'no'; END",
        "BEGIN SET statement_timeout = 0; PERFORM set_config('search_path', 'cliente_001', false);"
        " RAISE EXCEPTION 'no'; END",
    ],
    ids=["slow", "hangs", "fails", "changes settings"],
)
def test_a_hostile_client_harms_only_itself(database: ClientsDatabase, read: Read, act: str) -> None:
    database.add(1, hostile(act))
    database.add(2)
    source = Figures(database.figures_url)
    began = time.monotonic()
    for _ in range(2):
        found = read(source)
        assert found["platform_client_figures_readable{client=cliente-001}"] == 0
        assert found["platform_client_figures_readable{client=cliente-002}"] == 1
        assert found["platform_client_profit{client=cliente-002,currency=USDT}"] == 10.5
    assert time.monotonic() - began < 2 * figures.ALL_SECONDS
    with database.server.superuser() as cursor:
        # What was hung up on ends by itself.
        end = time.monotonic() + 15
        while _sessions(cursor) and time.monotonic() < end:
            time.sleep(0.2)
        assert _sessions(cursor) == 0


def _sessions(cursor: object) -> int:
    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (READER,))  # type: ignore[attr-defined]
    return int(cursor.fetchone()[0])  # type: ignore[attr-defined]


def test_clients_that_are_late_take_the_time_of_others_only_once(
    database: ClientsDatabase, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "CLIENT_SECONDS", 0.3)
    monkeypatch.setattr(figures, "ALL_SECONDS", 0.5)
    for number in (1, 2):
        database.add(number, hostile("BEGIN PERFORM pg_sleep(60); RETURN ''; END", number=number))
    database.add(3)
    source = Figures(database.figures_url)
    readable = "platform_client_figures_readable{client=cliente-003}"
    assert [read(source)[readable] for _ in range(2)] == [0, 1]


def test_a_table_that_is_locked_is_not_waited_for(database: ClientsDatabase, read: Read) -> None:
    password = database.add(1)
    database.add(2)
    with database.server.session("cliente_001", password, "freqtrade_multi") as cursor:
        cursor.execute("BEGIN; LOCK TABLE trades IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        found = read(Figures(database.figures_url))
        assert time.monotonic() - began < 2
    assert found["platform_client_figures_readable{client=cliente-001}"] == 0
    assert found["platform_client_figures_readable{client=cliente-002}"] == 1


@pytest.mark.parametrize(
    ("act", "before"),
    [
        # A trigger at the end of the transaction runs as whoever commits, before PostgreSQL 18.
        (
            "BEGIN INSERT INTO cliente_001.bait VALUES (1); RETURN ''; END",
            """
            CREATE TABLE bait (id integer);
            CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM cliente_001.spy(); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER spring AFTER INSERT ON bait DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION spring();
            """,
        ),
        # A cursor that is kept is read to its end at the commit, by whoever commits.
        (
            "BEGIN EXECUTE 'DECLARE bait CURSOR WITH HOLD FOR SELECT cliente_001.spy()'; RETURN ''; END",
            "",
        ),
    ],
    ids=["deferred trigger", "kept cursor"],
)
def test_nothing_of_a_client_runs_with_the_reader_s_rights(
    database: ClientsDatabase, read: Read, act: str, before: str
) -> None:
    password = database.add(1, hostile(act, SPY + before))
    database.add(2)
    with database.server.session("cliente_001", password, "freqtrade_multi") as cursor:
        cursor.execute("LISTEN leak")
        read(Figures(database.figures_url))
        cursor.execute("SELECT 1")
        assert cursor.connection.notifies == []


def test_a_client_cannot_end_its_reader_s_being_read_only(database: ClientsDatabase, read: Read) -> None:
    write = "INSERT INTO cliente_001.heard VALUES ('x')"
    database.add(1, hostile(f"BEGIN SET transaction_read_only = off; {write}; RETURN ''; END"))
    found = read(Figures(database.figures_url))
    assert found["platform_client_figures_readable{client=cliente-001}"] == 0


def test_a_database_that_is_away_is_a_source_that_is_down(read: Read) -> None:
    found = read(Figures("postgresql://platform_metrics:a-password@127.0.0.1:1/freqtrade_multi"))
    assert found["platform_monitor_source_up{source=it}"] == 0
    assert len(found) == 2


def test_a_server_that_says_nothing_is_not_waited_for(database: ClientsDatabase) -> None:
    session = Session(database.figures_url, time.monotonic() + 5)
    session.deadline = time.monotonic() + 0.3
    with pytest.raises(DeadlineError):
        session.rows("SELECT pg_sleep(1.5)")
    session.close()
