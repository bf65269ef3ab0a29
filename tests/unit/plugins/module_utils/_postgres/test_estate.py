# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres import (
    DatabaseChange,
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

DATABASE = "estate_test"
OWNER = Owner("estate_admin", "canary-1f77-password-of-the-owner", creates_roles=True)
MASTER = "estate_master"
MASTER_PASSWORD = "master-of-a-throw-away-server"
LEFT_TO_THE_PROVIDER = [
    "CONNECT ON DATABASE postgres",
    "CONNECT ON DATABASE template1",
    "EXECUTE ON FUNCTION lo_creat(integer)",
    "EXECUTE ON FUNCTION lo_create(oid)",
    "EXECUTE ON FUNCTION lo_from_bytea(oid,bytea)",
]


@dataclasses.dataclass(frozen=True)
class Estate:
    """A server with a master as a managed service gives it, and the login under test."""

    server: Server
    login: Login

    def ensure(self, owner: Owner = OWNER, *, check: bool = False) -> DatabaseChange:
        return ensure_database(self.login, DATABASE, owner, check=check)

    def sql(self, *statements: str, database: str = "postgres") -> list[tuple[t.Any, ...]]:
        """Run statements as the superuser and return the rows of the last one."""
        with self.server.superuser(database) as cursor:
            for each in statements:
                cursor.execute(each)
            return cursor.fetchall() if cursor.description else []

    def as_owner(self) -> Login:
        return self.login.to(DATABASE).as_user(OWNER.name, OWNER.password)


@pytest.fixture(params=[15, 16, 18], ids=lambda version: f"postgres_{version}")
def server(request: pytest.FixtureRequest) -> t.Iterator[Server]:
    started: Server = request.getfixturevalue(f"postgres_{request.param}")
    opened = Estate(started, Login(started.host, started.port, SUPERUSER, "postgres"))
    defaults = [
        f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO PUBLIC" for name in ("postgres", "template1")
    ]
    opened.sql(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD '{MASTER_PASSWORD}'", *defaults)
    yield started
    tenants = opened.sql("SELECT rolname FROM pg_roles WHERE rolname ~ '^cliente_'")
    opened.sql(
        f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)",
        *(f"DROP ROLE {name}" for (name,) in tenants),
        f"DROP ROLE IF EXISTS {OWNER.name}",
        f"DROP OWNED BY {MASTER}",
        f"DROP ROLE {MASTER}",
    )


@pytest.fixture
def estate(server: Server) -> Estate:
    """The login is a master that is no superuser."""
    return Estate(server, Login(server.host, server.port, MASTER, "postgres", password=MASTER_PASSWORD))


@pytest.fixture
def own_estate(server: Server) -> Estate:
    """The login is the superuser of a server of our own."""
    return Estate(server, Login(server.host, server.port, SUPERUSER, "postgres", password=SUPERUSER_PASSWORD))


def test_a_master_without_superuser_makes_a_closed_database_of_an_admin(estate: Estate) -> None:
    foreseen = estate.ensure(check=True)
    assert estate.sql(f"SELECT FROM pg_database WHERE datname = '{DATABASE}'") == []
    made = estate.ensure()
    assert made == foreseen
    assert made.before == {
        "owner": None,
        "database_owner": None,
        "open_to_public": made.before["open_to_public"],
    }
    assert made.after["owner"]["attributes"] == ["CREATEROLE", "INHERIT", "LOGIN"]
    assert made.left_open == LEFT_TO_THE_PROVIDER
    again = estate.ensure()
    assert (again.changed, again.left_open) == (False, made.left_open)
    assert again.before == made.after == again.after


def test_a_superuser_leaves_nothing_open(own_estate: Estate) -> None:
    foreseen = own_estate.ensure(check=True)
    made = own_estate.ensure()
    assert made == foreseen
    assert made.left_open == []
    assert not own_estate.ensure().changed
    open_to_all = "has_database_privilege('public', oid, 'CONNECT')"
    found = dict(own_estate.sql(f"SELECT datname, {open_to_all} FROM pg_database WHERE datallowconn"))
    assert found.keys() >= {DATABASE, "postgres", "template1"}
    assert not [name for name, is_open in found.items() if is_open]


def test_a_database_that_the_service_made_is_handed_to_the_admin(estate: Estate) -> None:
    estate.sql(f"CREATE DATABASE {DATABASE} OWNER {MASTER}")
    foreseen = estate.ensure(check=True)
    made = estate.ensure()
    assert f'ALTER DATABASE "{DATABASE}" OWNER TO "{OWNER.name}"' in made.queries
    assert made == foreseen
    assert not estate.ensure().changed


def test_the_master_keeps_no_way_into_the_database(estate: Estate) -> None:
    estate.ensure()
    with pytest.raises(PlatformError, match="permission denied for database"):
        ensure_database(estate.login.to(DATABASE), "another", OWNER, check=True)
    assert estate.sql(f"SELECT pg_has_role('{MASTER}', '{OWNER.name}', 'USAGE')") == [(False,)]


def test_a_membership_that_an_interrupted_run_left_is_taken_back(estate: Estate) -> None:
    estate.ensure()
    with estate.server.session(MASTER, MASTER_PASSWORD, "postgres") as cursor:
        cursor.execute(f"GRANT {OWNER.name} TO {MASTER}")
    assert estate.ensure().queries == [f'REVOKE "{OWNER.name}" FROM "{MASTER}"']
    assert not estate.ensure().changed


def test_the_admin_makes_tenants(estate: Estate) -> None:
    estate.ensure()
    assert ensure_tenant(estate.as_owner(), "cliente_001", "p" * 32, 20, check=False).changed
    assert not estate.ensure().changed


@pytest.mark.parametrize(
    ("drift", "place", "query"),
    [
        (f"ALTER ROLE {OWNER.name} CREATEDB", "postgres", f'ALTER ROLE "{OWNER.name}" NOCREATEDB'),
        (f"ALTER ROLE {OWNER.name} NOCREATEROLE", "postgres", f'ALTER ROLE "{OWNER.name}" CREATEROLE'),
        (
            f"ALTER ROLE {OWNER.name} CONNECTION LIMIT 3 VALID UNTIL '2100-01-01'",
            "postgres",
            f"ALTER ROLE \"{OWNER.name}\" CONNECTION LIMIT -1 VALID UNTIL 'infinity'",
        ),
        (
            f"ALTER ROLE {OWNER.name} PASSWORD 'another'",
            "postgres",
            f'ALTER ROLE "{OWNER.name}" PASSWORD %(verifier)s',
        ),
        (
            f"GRANT TEMPORARY ON DATABASE {DATABASE} TO PUBLIC",
            "postgres",
            f'REVOKE ALL ON DATABASE "{DATABASE}" FROM PUBLIC',
        ),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", DATABASE, "REVOKE ALL ON SCHEMA public FROM PUBLIC"),
    ],
)
def test_drift_is_seen_and_corrected(estate: Estate, drift: str, place: str, query: str) -> None:
    estate.ensure()
    estate.sql(drift, database=place)
    if "PASSWORD" not in drift:
        assert estate.ensure(check=True).queries == [query]
    assert estate.ensure().queries == [query]
    assert not estate.ensure().changed


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (f"CREATE ROLE {OWNER.name} SUPERUSER", "The role estate_admin has SUPERUSER"),
        (
            f"CREATE ROLE {OWNER.name}; GRANT pg_monitor TO {OWNER.name}",
            "The role estate_admin is a member of pg_monitor",
        ),
    ],
)
def test_a_role_with_powers_is_refused(estate: Estate, before: str, message: str) -> None:
    estate.sql(before)
    with pytest.raises(PlatformError) as caught:
        estate.ensure()
    assert (caught.value.code, caught.value.message) == ("database_conflict", message)


def test_the_database_of_somebody_else_is_refused(estate: Estate) -> None:
    estate.sql(f"CREATE DATABASE {DATABASE}")
    with pytest.raises(PlatformError) as caught:
        estate.ensure()
    assert caught.value.message == f"The database {DATABASE} is owned by postgres"
    assert estate.sql(f"SELECT FROM pg_roles WHERE rolname = '{OWNER.name}'") == []


def test_the_login_cannot_be_the_owner_nor_in_its_database(estate: Estate) -> None:
    with pytest.raises(PlatformError, match="cannot be the one that logs in") as as_owner:
        estate.ensure(Owner(MASTER, "irrelevant"))
    with pytest.raises(PlatformError, match="must be to another database") as inside:
        ensure_database(estate.login.to(DATABASE), DATABASE, OWNER, check=False)
    assert {as_owner.value.code, inside.value.code} == {"usage"}


def test_the_password_reaches_neither_log_nor_result(estate: Estate) -> None:
    made = estate.ensure()
    assert OWNER.password not in repr(made) + repr(OWNER) + estate.server.log.read_text()
    assert "SCRAM" not in repr(made)
