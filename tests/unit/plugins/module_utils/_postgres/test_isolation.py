# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What a tenant cannot do, and what it can see all the same.

Each pair of tenants is tried with each query; the second list is what PostgreSQL shows to every role, which
is why clients' names are numbers.
"""

from __future__ import annotations

import itertools

import psycopg2
import pytest

from .conftest import DATABASE, Prepared

TENANTS = ("cliente_001", "cliente_002", "cliente_003")

REFUSED = {
    "usage": "SELECT '{other}.trades'::regclass",
    "select": "SELECT * FROM {other}.trades",
    "insert": "INSERT INTO {other}.trades VALUES (2)",
    "create in the other's schema": "CREATE TABLE {other}.intruder (id integer)",
    "create in public": "CREATE TABLE public.intruder (id integer)",
    "create a schema": "CREATE SCHEMA intruder",
    "temporary table": "CREATE TEMPORARY TABLE intruder (id integer)",
    "large object": "SELECT lo_create(0)",
    "large object, old": "SELECT lo_creat(-1)",
    "large object from bytes": "SELECT lo_from_bytea(0, 'x')",
    "large object from a file": "SELECT lo_import('/etc/passwd')",
    "copy to a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "copy from a file": "COPY trades FROM '/etc/passwd'",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "list a directory": "SELECT pg_ls_dir('/')",
    "set role to the other": "SET ROLE {other}",
    "set role to the admin": "SET ROLE platform_admin",
    "session of the other": "SET SESSION AUTHORIZATION {other}",
    "extension": "CREATE EXTENSION {extension}",
    "password of the other": "ALTER ROLE {other} PASSWORD 'x'",
    "its own limit": "ALTER ROLE {own} CONNECTION LIMIT 1000",
    "its own attributes": "ALTER ROLE {own} CREATEROLE",
    "create a role": "CREATE ROLE intruder",
    "become a member": "GRANT {other} TO {own}",
    "drop the other": "DROP SCHEMA {other} CASCADE",
    "database": "CREATE DATABASE intruder",
    "let others in": "ALTER DATABASE freqtrade_multi ALLOW_CONNECTIONS false",
    "passwords": "SELECT rolpassword FROM pg_authid",
    "end another's session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = '{other}'",
    "server setting": "ALTER SYSTEM SET max_connections = 1",
    "event trigger": "CREATE EVENT TRIGGER intruder ON ddl_command_start EXECUTE FUNCTION x()",
    "replication": "SELECT pg_create_physical_replication_slot('intruder')",
}  # fmt: skip

VISIBLE = {
    "names of tenants": "SELECT count(*) FROM pg_roles WHERE rolname = '{other}'",
    "names of tables": "SELECT count(*) FROM pg_class WHERE oid IN (SELECT relid FROM pg_stat_user_tables"
    " WHERE schemaname = '{other}')",
    "settings of tenants": "SELECT count(*) FROM pg_db_role_setting JOIN pg_roles AS role"
    " ON role.oid = setrole WHERE rolname = '{other}'",
}


@pytest.fixture
def tenants(prepared: Prepared) -> dict[str, str]:
    """Three tenants with a table each, by name; the values are their passwords."""
    passwords = {name: prepared.tenant(name) for name in TENANTS}
    for name, password in passwords.items():
        with prepared.server.session(name, password, DATABASE) as cursor:
            cursor.execute("CREATE TABLE trades (id integer); INSERT INTO trades VALUES (1)")
    return passwords


def _untrusted_extension(prepared: Prepared) -> str:
    query = """SELECT name FROM pg_available_extension_versions
               WHERE NOT trusted AND NOT installed ORDER BY superuser DESC, name LIMIT 1"""
    rows = prepared.as_superuser(query)
    return str(rows[0][0])


def test_a_tenant_does_nothing_to_another_or_to_the_server(
    prepared: Prepared, tenants: dict[str, str]
) -> None:
    extension = _untrusted_extension(prepared)
    outcomes = {}
    for own, other in itertools.permutations(TENANTS, 2):
        with (
            prepared.server.session(other, tenants[other], DATABASE),
            prepared.server.session(own, tenants[own], DATABASE) as cursor,
        ):
            for what, query in REFUSED.items():
                outcomes[own, other, what] = _sqlstate(
                    cursor, query.format(own=own, other=other, extension=extension)
                )
    allowed = {key: state for key, state in outcomes.items() if state != "42501"}
    assert allowed == {}
    assert len(outcomes) == 6 * len(REFUSED)


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_a_tenant_enters_no_other_database(
    prepared: Prepared, tenants: dict[str, str], database: str
) -> None:
    for name, password in tenants.items():
        with (
            pytest.raises(psycopg2.OperationalError, match="permission denied for database"),
            prepared.server.session(name, password, database),
        ):
            pass


@pytest.mark.parametrize("what", VISIBLE)
def test_names_of_other_tenants_are_seen(prepared: Prepared, tenants: dict[str, str], what: str) -> None:
    with prepared.server.session("cliente_001", tenants["cliente_001"], DATABASE) as cursor:
        cursor.execute(VISIBLE[what].format(other="cliente_002"))
        assert cursor.fetchall() == [(1,)]


def _sqlstate(cursor: psycopg2.extensions.cursor, query: str) -> str:
    try:
        cursor.execute(query)
    except psycopg2.Error as error:
        return str(error.pgcode)
    return "00000"
