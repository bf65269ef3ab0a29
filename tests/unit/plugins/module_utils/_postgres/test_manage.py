# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import dataclasses
import typing as t

import psycopg2
import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres import (
    ensure_tenant,
    logs_in,
    remove_tenant,
    report_tenant,
)

from .conftest import DATABASE, Prepared

NAME = "cliente_001"
ALL_VERSIONS = [15, 16, 18]
PASSWORD = "canary-7f3e2b-password-of-a-tenant-0123"


def _ensure(prepared: Prepared, *, check: bool = False, limit: int = 20) -> t.Any:
    return ensure_tenant(prepared.login, NAME, PASSWORD, limit, check=check)


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_a_tenant_is_made_once_by_an_admin_without_superuser(prepared: Prepared) -> None:
    assert prepared.as_superuser("SELECT rolsuper FROM pg_roles WHERE rolname = 'platform_admin'") == [
        (False,)
    ]
    foreseen = _ensure(prepared, check=True)
    assert not report_tenant(prepared.login, NAME).exists
    made = _ensure(prepared)
    assert made == foreseen
    assert made.changed
    assert made.after == _ensure(prepared).before
    assert not _ensure(prepared).changed


def test_a_bot_creates_its_tables_in_its_schema(prepared: Prepared) -> None:
    _ensure(prepared)
    with prepared.server.session(NAME, PASSWORD, DATABASE) as cursor:
        cursor.execute(
            "CREATE TYPE mode AS ENUM ('spot'); CREATE TABLE trades (id serial PRIMARY KEY, mode mode)"
        )
        cursor.execute(
            "INSERT INTO trades (mode) VALUES ('spot'); SELECT schemaname FROM pg_tables"
            " WHERE tablename = 'trades'"
        )
        assert cursor.fetchall() == [(NAME,)]
    report = report_tenant(prepared.login, NAME)
    assert list(report.tables) == ["trades"]
    assert report.tables["trades"] > 0


def test_the_admin_keeps_no_way_into_the_tenant_s_data(prepared: Prepared) -> None:
    _ensure(prepared)
    with prepared.server.session(NAME, PASSWORD, DATABASE) as cursor:
        cursor.execute("CREATE TABLE trades (id integer)")
    with (
        psycopg2.connect(
            host=prepared.server.host,
            port=prepared.server.port,
            user=prepared.login.user,
            passfile=prepared.login.passfile,
            dbname=DATABASE,
        ) as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute("SELECT FROM cliente_001.trades")


def test_the_password_reaches_the_server_as_a_verifier_only(prepared: Prepared) -> None:
    made = _ensure(prepared)
    prepared.as_superuser("ALTER ROLE {} PASSWORD 'another'", NAME)
    _ensure(prepared)
    log = prepared.server.log.read_text()
    assert 'CREATE ROLE "cliente_001"' in log
    assert PASSWORD not in log
    assert PASSWORD not in repr(made)
    stored = prepared.as_superuser("SELECT rolpassword FROM pg_authid WHERE rolname = 'cliente_001'")
    assert stored[0][0].startswith("SCRAM-SHA-256$")


@pytest.mark.parametrize(
    "drift",
    [
        "ALTER ROLE cliente_001 PASSWORD 'another'",
        "ALTER ROLE cliente_001 NOLOGIN",
        "ALTER ROLE cliente_001 CREATEROLE INHERIT CONNECTION LIMIT 3",
        "ALTER ROLE cliente_001 VALID UNTIL '2001-01-01'",
        "ALTER ROLE cliente_001 IN DATABASE freqtrade_multi SET search_path = public",
        "ALTER ROLE cliente_001 IN DATABASE freqtrade_multi RESET ALL",
        "REVOKE CONNECT ON DATABASE freqtrade_multi FROM cliente_001",
        "GRANT CREATE, TEMPORARY ON DATABASE freqtrade_multi TO cliente_001",
        "REVOKE CREATE ON SCHEMA cliente_001 FROM cliente_001",
        "DROP SCHEMA cliente_001",
    ],
)
def test_drift_is_seen_and_corrected(prepared: Prepared, drift: str) -> None:
    wanted = _ensure(prepared).after
    prepared.as_superuser(drift)
    foreseen = _ensure(prepared, check=True)
    assert foreseen.before != wanted
    assert _ensure(prepared) == foreseen
    again = _ensure(prepared)
    assert (again.changed, again.before) == (False, wanted)


@pytest.mark.parametrize(
    "drift",
    [
        "ALTER ROLE cliente_001 SUPERUSER",
        "ALTER ROLE cliente_001 BYPASSRLS",
        "ALTER ROLE cliente_001 CREATEDB",
        "GRANT pg_read_all_data TO cliente_001",
        "ALTER SCHEMA cliente_001 OWNER TO postgres",
    ],
)
def test_what_only_a_superuser_can_correct_is_refused(prepared: Prepared, drift: str) -> None:
    _ensure(prepared)
    prepared.as_superuser(drift)
    with pytest.raises(PlatformError) as caught:
        _ensure(prepared)
    assert caught.value.code == "schema_conflict"


def test_a_failure_leaves_no_half_made_tenant(prepared: Prepared) -> None:
    # The schema comes last, and here the admin may make roles but no schemas.
    prepared.as_superuser("REVOKE CREATE ON DATABASE freqtrade_multi FROM platform_admin")
    with pytest.raises(PlatformError) as caught:
        _ensure(prepared)
    assert (caught.value.code, caught.value.details) == ("database_refused", {"sqlstate": "42501"})
    assert prepared.as_superuser("SELECT rolname FROM pg_roles WHERE rolname = 'cliente_001'") == []
    prepared.as_superuser("GRANT CREATE ON DATABASE freqtrade_multi TO platform_admin")


@pytest.mark.parametrize("prepared", ALL_VERSIONS, indirect=True)
def test_a_tenant_goes_with_everything_it_owns(prepared: Prepared) -> None:
    _ensure(prepared)
    # As on a managed server, where nobody can take this from PUBLIC.
    prepared.as_superuser("GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC")
    with prepared.server.session(NAME, PASSWORD, DATABASE) as cursor:
        cursor.execute("CREATE TABLE trades (id integer); SELECT lo_create(0)")
    foreseen = remove_tenant(prepared.login, NAME, NAME, check=True)
    assert report_tenant(prepared.login, NAME).exists
    assert remove_tenant(prepared.login, NAME, NAME, check=False) == foreseen
    assert not report_tenant(prepared.login, NAME).exists
    assert not remove_tenant(prepared.login, NAME, NAME, check=False).changed
    assert prepared.as_superuser("SELECT oid FROM pg_largeobject_metadata") == []


def test_an_unconfirmed_drop_touches_nothing(prepared: Prepared) -> None:
    _ensure(prepared)
    with pytest.raises(PlatformError) as caught:
        remove_tenant(prepared.login, NAME, "cliente_002", check=False)
    assert caught.value.code == "confirmation_missing"
    assert report_tenant(prepared.login, NAME).exists


@pytest.mark.parametrize(
    "hostile",
    [
        'x"; DROP SCHEMA bystander CASCADE; --',
        "x'; DROP SCHEMA bystander CASCADE; --",
        "100% {} %(verifier)s",
    ],
)
def test_a_hostile_name_stays_a_name(prepared: Prepared, hostile: str) -> None:
    prepared.tenant("bystander")
    password = prepared.tenant(hostile)
    assert logs_in(prepared.login, hostile, password)
    assert not ensure_tenant(prepared.login, hostile, password, 20, check=False).changed
    remove_tenant(prepared.login, hostile, hostile, check=False)
    assert report_tenant(prepared.login, "bystander").exists


def test_a_bot_that_holds_all_its_connections_is_no_drift(prepared: Prepared) -> None:
    _ensure(prepared, limit=1)
    with prepared.server.session(NAME, PASSWORD, DATABASE):
        assert not _ensure(prepared, limit=1).changed


def test_an_unreachable_server_is_undecided(prepared: Prepared) -> None:
    nowhere = dataclasses.replace(prepared.login, port=1)
    with pytest.raises(PlatformError) as caught:
        report_tenant(nowhere, NAME)
    assert (caught.value.code, caught.value.category.value) == ("database_unreachable", "undecided")


def test_a_wrong_admin_password_is_refused_and_not_told(prepared: Prepared) -> None:
    with pytest.raises(PlatformError) as caught:
        report_tenant(prepared.login.as_user("platform_admin", "canary-admin"), NAME)
    assert caught.value.code == "database_refused"
    assert "canary-admin" not in str(caught.value)
