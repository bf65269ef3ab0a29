# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The reader of all clients' figures: what it gets, and what it and the clients are refused."""

from __future__ import annotations

import concurrent.futures
import typing as t

import psycopg2
import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres import (
    create_reader,
    ensure_tenant,
    logs_in,
    remove_tenant,
)

from .conftest import DATABASE, Prepared

ALL_VERSIONS = [15, 16, 18]
READER = "platform_metrics"
READER_PASSWORD = "reader-of-a-throw-away-database"
TENANTS = ("cliente_001", "cliente_002")
TRADES = """
    CREATE TYPE mode AS ENUM ('spot');
    CREATE TABLE trades (
        id serial PRIMARY KEY, stake_currency varchar(25), is_open boolean NOT NULL,
        realized_profit double precision, close_profit_abs double precision,
        open_date timestamp NOT NULL, close_date timestamp, trading_mode mode DEFAULT 'spot');
    CREATE TABLE orders (id serial PRIMARY KEY, ft_trade_id integer REFERENCES trades);
    INSERT INTO trades (stake_currency, is_open, realized_profit, close_profit_abs, open_date, close_date)
    VALUES ('USDT', false, 0, 12.5, '2026-01-01 10:00', '2026-01-02 10:00'),
           ('USDT', false, 1, -2.5, '2026-01-03 10:00', '2026-01-03 11:00'),
           ('USDT', true, 0.5, NULL, '2026-01-02 00:00', NULL),
           ('BTC', true, 0, NULL, '2026-01-04 00:00', NULL)
"""
USDT = ("USDT", 1, 2, 10.5, 1767438000.0)
BTC = ("BTC", 1, 0, 0.0, 1767484800.0)

REFUSED_TO_READER = {
    "trades": "SELECT * FROM {tenant}.trades",
    "one column of trades": "SELECT is_open FROM {tenant}.trades",
    "number of trades": "SELECT count(*) FROM {tenant}.trades",
    "orders": "SELECT * FROM {tenant}.orders",
    "sequences": "SELECT last_value FROM {tenant}.trades_id_seq",
    "existence": "SELECT '{tenant}.trades'::regclass",
    "insert": "INSERT INTO {tenant}.trades (is_open) VALUES (true)",
    "update": "UPDATE {tenant}.trades SET is_open = false",
    "delete": "DELETE FROM {tenant}.trades",
    "truncate": "TRUNCATE {tenant}.trades",
    "lock": "DO 'BEGIN LOCK TABLE {tenant}.trades; END'",
    "drop": "DROP TABLE {tenant}.trades",
    "create in the tenant's schema": "CREATE TABLE {tenant}.intruder (id integer)",
    "create in its own schema": "CREATE TABLE platform_metrics.intruder (id integer)",
    "another function in its own schema": "CREATE FUNCTION platform_metrics.x() RETURNS int LANGUAGE sql"
    " AS 'SELECT 1'",
    "its function, replaced": "CREATE OR REPLACE FUNCTION platform_metrics.{tenant}() RETURNS int"
    " LANGUAGE sql AS 'SELECT 1'",
    "its function, changed": "ALTER FUNCTION platform_metrics.{tenant}() SECURITY INVOKER",
    "its function, dropped": "DROP FUNCTION platform_metrics.{tenant}()",
    "create in public": "CREATE TABLE public.intruder (id integer)",
    "create a schema": "CREATE SCHEMA intruder",
    "temporary table": "CREATE TEMPORARY TABLE intruder (id integer)",
    "large object": "SELECT lo_create(0)",
    "copy to a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "set role to a tenant": "SET ROLE {tenant}",
    "set role to the admin": "SET ROLE platform_admin",
    "session of a tenant": "SET SESSION AUTHORIZATION {tenant}",
    "password of a tenant": "ALTER ROLE {tenant} PASSWORD 'x'",
    "its own limit": "ALTER ROLE platform_metrics CONNECTION LIMIT 1000",
    "become a member": "GRANT {tenant} TO platform_metrics",
    "create a role": "CREATE ROLE intruder",
    "create a database": "CREATE DATABASE intruder",
    "passwords": "SELECT rolpassword FROM pg_authid",
    "server setting": "ALTER SYSTEM SET max_connections = 1",
    "end a tenant's session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = '{tenant}'",
}  # fmt: skip
REFUSED_TO_TENANT = {
    "its own figures": "SELECT * FROM platform_metrics.{own}()",
    "the other's figures": "SELECT * FROM platform_metrics.{other}()",
    "its function, with the caller's rights": "ALTER FUNCTION platform_metrics.{own}() SECURITY INVOKER",
    "its function, with another search path": "ALTER FUNCTION platform_metrics.{own}() SET search_path = x",
    "its function, replaced": "CREATE OR REPLACE FUNCTION platform_metrics.{own}() RETURNS int"
    " LANGUAGE sql AS 'SELECT 1'",
    "its function, granted": "GRANT EXECUTE ON FUNCTION platform_metrics.{own}() TO PUBLIC",
    "its function, dropped": "DROP FUNCTION platform_metrics.{own}()",
    "create beside it": "CREATE TABLE platform_metrics.intruder (id integer)",
    "the other's trades": "SELECT * FROM {other}.trades",
    "become the reader": "SET ROLE platform_metrics",
    "become a member": "GRANT platform_metrics TO {own}",
    "password of the reader": "ALTER ROLE platform_metrics PASSWORD 'x'",
}  # fmt: skip


@pytest.fixture
def tenants(prepared: Prepared) -> dict[str, str]:
    """Tenants with trades and orders, and a reader of their figures; the values are passwords."""
    create_reader(prepared.login, READER, READER_PASSWORD)
    passwords = {name: prepared.tenant(name, reader=READER) for name in TENANTS}
    for name, password in passwords.items():
        with prepared.server.session(name, password, DATABASE) as cursor:
            cursor.execute(TRADES)
    return passwords


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_the_reader_gets_the_figures_of_every_tenant(prepared: Prepared, tenants: dict[str, str]) -> None:
    for name in tenants:
        assert sorted(_read(prepared, f"SELECT * FROM platform_metrics.{name}()")) == [BTC, USDT]


def test_a_tenant_without_a_bot_has_no_figures(prepared: Prepared, tenants: dict[str, str]) -> None:
    prepared.tenant("cliente_003", reader=READER)
    assert _read(prepared, "SELECT * FROM platform_metrics.cliente_003()") == []


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_the_reader_sees_nothing_else_and_writes_nothing(prepared: Prepared, tenants: dict[str, str]) -> None:
    outcomes = {}
    for name, password in tenants.items():
        with (
            prepared.server.session(name, password, DATABASE),
            prepared.server.session(READER, READER_PASSWORD, DATABASE) as cursor,
        ):
            for what, query in REFUSED_TO_READER.items():
                outcomes[name, what] = _sqlstate(cursor, query.format(tenant=name))
    assert {key: state for key, state in outcomes.items() if state != "42501"} == {}
    assert len(outcomes) == len(TENANTS) * len(REFUSED_TO_READER)


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_the_reader_has_no_privilege_but_on_its_functions(
    prepared: Prepared, tenants: dict[str, str]
) -> None:
    readable = prepared.as_superuser(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'p', 'f', 'S')"
        " AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
        " AND (has_any_column_privilege('platform_metrics', oid, 'SELECT, INSERT, UPDATE, REFERENCES')"
        "      OR has_table_privilege('platform_metrics', oid, 'DELETE, TRUNCATE, TRIGGER'))"
    )
    schemas = prepared.as_superuser(
        "SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)'"
        " AND has_schema_privilege('platform_metrics', oid, 'USAGE, CREATE')"
    )
    assert (readable, schemas) == ([], [(READER,)])


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_a_tenant_gets_no_way_to_the_reader_or_to_others(prepared: Prepared, tenants: dict[str, str]) -> None:
    outcomes = {}
    for own, other in (TENANTS, TENANTS[::-1]):
        with prepared.server.session(own, tenants[own], DATABASE) as cursor:
            for what, query in REFUSED_TO_TENANT.items():
                outcomes[own, what] = _sqlstate(cursor, query.format(own=own, other=other))
    assert {key: state for key, state in outcomes.items() if state != "42501"} == {}
    assert len(outcomes) == len(TENANTS) * len(REFUSED_TO_TENANT)


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_what_a_tenant_makes_of_its_table_runs_with_its_own_rights(
    prepared: Prepared, tenants: dict[str, str]
) -> None:
    with prepared.server.session("cliente_001", tenants["cliente_001"], DATABASE) as cursor:
        cursor.execute("""
            ALTER TABLE trades RENAME TO kept;
            CREATE FUNCTION spy() RETURNS text LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM * FROM platform_metrics.cliente_002();
                RETURN 'leak';
            EXCEPTION WHEN insufficient_privilege THEN
                RETURN current_user;
            END $$;
            CREATE VIEW trades AS SELECT spy() AS stake_currency, is_open, realized_profit, close_profit_abs,
                open_date, close_date FROM kept;
            GRANT EXECUTE ON FUNCTION spy TO PUBLIC""")
    rows = _read(prepared, "SELECT DISTINCT currency FROM platform_metrics.cliente_001()")
    assert rows == [("cliente_001",)]


def test_the_reader_enters_no_other_database(prepared: Prepared, tenants: dict[str, str]) -> None:
    for database in ("postgres", "template1"):
        with (
            pytest.raises(psycopg2.OperationalError, match="permission denied for database"),
            prepared.server.session(READER, READER_PASSWORD, database),
        ):
            pass


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_giving_figures_again_changes_nothing(prepared: Prepared, tenants: dict[str, str]) -> None:
    assert create_reader(prepared.login, READER, READER_PASSWORD) == []
    again = _ensure(prepared, tenants)
    assert (again.changed, again.queries) == (False, [])
    assert again.before == again.after


def test_a_tenant_from_before_the_reader_gets_its_function_alone(prepared: Prepared) -> None:
    password = prepared.tenant("cliente_001")
    create_reader(prepared.login, READER, READER_PASSWORD)
    foreseen = _ensure(prepared, {"cliente_001": password}, check=True)
    assert [query.split("(")[0].split(" AS ")[0] for query in foreseen.queries if "FUNCTION" in query] == [
        'CREATE FUNCTION "platform_metrics"."cliente_001"',
        'REVOKE ALL ON FUNCTION "platform_metrics"."cliente_001"',
        'GRANT EXECUTE ON FUNCTION "platform_metrics"."cliente_001"',
        'ALTER FUNCTION "platform_metrics"."cliente_001"',
    ]
    assert "CREATE SCHEMA" not in str(foreseen.queries)
    made = _ensure(prepared, {"cliente_001": password})
    assert made == foreseen
    assert not _ensure(prepared, {"cliente_001": password}).changed


@pytest.mark.parametrize(
    "drift",
    [
        "ALTER FUNCTION platform_metrics.cliente_001() SECURITY INVOKER",
        "ALTER FUNCTION platform_metrics.cliente_001() RESET search_path",
        "ALTER FUNCTION platform_metrics.cliente_001() OWNER TO platform_admin",
        "GRANT EXECUTE ON FUNCTION platform_metrics.cliente_001() TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION platform_metrics.cliente_001() TO cliente_002",
        "REVOKE EXECUTE ON FUNCTION platform_metrics.cliente_001() FROM platform_metrics",
        "DROP FUNCTION platform_metrics.cliente_001()",
    ],
)
def test_drift_of_the_function_is_corrected(prepared: Prepared, tenants: dict[str, str], drift: str) -> None:
    wanted = _ensure(prepared, tenants).after
    prepared.as_superuser(drift)
    foreseen = _ensure(prepared, tenants, check=True)
    assert foreseen.changed
    assert _ensure(prepared, tenants) == foreseen
    again = _ensure(prepared, tenants)
    assert (again.changed, again.before) == (False, wanted)


def test_without_a_reader_nothing_is_given_or_taken(prepared: Prepared, tenants: dict[str, str]) -> None:
    unasked = ensure_tenant(prepared.login, "cliente_001", tenants["cliente_001"], 20, check=False)
    assert not unasked.changed
    assert "figures" not in unasked.after
    assert _read(prepared, "SELECT count(*) FROM platform_metrics.cliente_001()") == [(2,)]


def test_a_reader_that_is_not_there_is_a_wrong_option(prepared: Prepared) -> None:
    with pytest.raises(PlatformError) as caught:
        _ensure(prepared, {"cliente_001": "password-of-nobody-0123456789"})
    assert (caught.value.code, caught.value.category.value) == ("usage", "usage")
    assert prepared.as_superuser("SELECT FROM pg_roles WHERE rolname = 'cliente_001'") == []


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_the_function_goes_with_its_tenant(prepared: Prepared, tenants: dict[str, str]) -> None:
    remove_tenant(prepared.login, "cliente_001", "cliente_001", check=False)
    left = prepared.as_superuser(
        "SELECT proname::text FROM pg_proc WHERE pronamespace = 'platform_metrics'::regnamespace"
    )
    assert left == [("cliente_002",)]


def test_a_reader_whose_password_is_lost_gets_the_new_one(prepared: Prepared) -> None:
    create_reader(prepared.login, READER, "password-that-was-lost")
    queries = create_reader(prepared.login, READER, READER_PASSWORD)
    assert logs_in(prepared.login, READER, READER_PASSWORD)
    assert READER_PASSWORD not in str(queries)
    assert READER_PASSWORD not in prepared.server.log.read_text()


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_tenants_that_are_made_at_the_same_time_all_come_to_be(prepared: Prepared) -> None:
    create_reader(prepared.login, READER, READER_PASSWORD)
    names = [f"cliente_{number:03d}" for number in range(1, 7)]
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        passwords = dict(
            zip(names, pool.map(lambda name: prepared.tenant(name, reader=READER), names), strict=True)
        )
    assert not any(_ensure(prepared, {name: passwords[name]}).changed for name in names)


def _ensure(prepared: Prepared, tenants: dict[str, str], *, check: bool = False) -> t.Any:
    name, password = next(iter(tenants.items()))
    return ensure_tenant(prepared.login, name, password, 20, reader=READER, check=check)


def _read(prepared: Prepared, query: str) -> list[tuple[t.Any, ...]]:
    with prepared.server.session(READER, READER_PASSWORD, DATABASE) as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _sqlstate(cursor: psycopg2.extensions.cursor, query: str) -> str:
    try:
        cursor.execute(query)
    except psycopg2.Error as error:
        return str(error.pgcode)
    return "00000"
