# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._figures import Figures
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._statement import (
    Statement,
    statement,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._tenant import (
    Place,
    Role,
    Tenant,
    plan_absent,
    plan_present,
    wanted,
)
from psycopg2 import sql

NAME = "cliente_001"
PLACE_15 = Place(NAME, "freqtrade_multi", "platform_admin", 150_018)
PLACE_18 = dataclasses.replace(PLACE_15, server_version=180_004)
AS_WANTED = wanted(PLACE_18, 20)


def _text(statements: list[Statement]) -> list[str]:
    """Render without a server, quoting as it would for plain names."""
    return [_render(each.command) for each in statements]


def _render(part: sql.Composable) -> str:
    if isinstance(part, sql.Composed):
        return "".join(map(_render, part.seq))
    if isinstance(part, sql.Identifier):
        return ".".join(f'"{each}"' for each in part.strings)
    if isinstance(part, sql.Placeholder):
        return f"%({part.name})s"
    if isinstance(part, sql.Literal):
        return str(part.wrapped)
    assert isinstance(part, sql.SQL)
    return part.string


def _role(**changes: object) -> Tenant:
    assert AS_WANTED.role is not None
    return dataclasses.replace(AS_WANTED, role=dataclasses.replace(AS_WANTED.role, **changes))  # type: ignore[arg-type]


def test_nothing_is_planned_for_a_tenant_as_wanted() -> None:
    assert plan_present(AS_WANTED, PLACE_18, 20) == []


def test_a_new_tenant_gets_role_privilege_search_path_and_schema() -> None:
    assert _text(plan_present(Tenant(), PLACE_18, 20)) == [
        'CREATE ROLE "cliente_001" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS'
        " NOINHERIT CONNECTION LIMIT 20 PASSWORD %(verifier)s",
        'GRANT CONNECT ON DATABASE "freqtrade_multi" TO "cliente_001"',
        'ALTER ROLE "cliente_001" IN DATABASE "freqtrade_multi" SET search_path = "cliente_001"',
        'GRANT "cliente_001" TO "platform_admin" WITH INHERIT TRUE, SET TRUE',
        'CREATE SCHEMA "cliente_001" AUTHORIZATION "cliente_001"',
        'REVOKE "cliente_001" FROM "platform_admin"',
    ]


def test_the_figures_are_made_while_the_admin_may_act_as_the_tenant() -> None:
    place = dataclasses.replace(PLACE_18, reader="platform_metrics")
    planned = _text(
        plan_present(dataclasses.replace(AS_WANTED, figures=Figures("platform_metrics")), place, 20)
    )
    assert planned[0] == 'GRANT "cliente_001" TO "platform_admin" WITH INHERIT TRUE, SET TRUE'
    assert planned[-1] == 'REVOKE "cliente_001" FROM "platform_admin"'
    assert planned[-3:-1] == [
        'ALTER FUNCTION "platform_metrics"."cliente_001"() OWNER TO "cliente_001"',
        'REVOKE CREATE ON SCHEMA "platform_metrics" FROM "cliente_001"',
    ]
    assert plan_present(wanted(place, 20), place, 20) == []


def test_membership_options_are_left_out_where_the_server_does_not_know_them() -> None:
    assert 'GRANT "cliente_001" TO "platform_admin"' in _text(plan_present(Tenant(), PLACE_15, 20))


@pytest.mark.parametrize(
    ("current", "planned"),
    [
        (_role(connection_limit=-1), ['ALTER ROLE "cliente_001" CONNECTION LIMIT 20']),
        (_role(attributes=frozenset()), ['ALTER ROLE "cliente_001" LOGIN']),
        (
            _role(attributes=frozenset({"LOGIN", "INHERIT", "CREATEROLE"})),
            ['ALTER ROLE "cliente_001" NOINHERIT NOCREATEROLE'],
        ),
        (_role(expires=True), ["ALTER ROLE \"cliente_001\" VALID UNTIL 'infinity'"]),
        (
            dataclasses.replace(AS_WANTED, password_works=False),
            ['ALTER ROLE "cliente_001" PASSWORD %(verifier)s'],
        ),
        (
            dataclasses.replace(AS_WANTED, search_path="public"),
            ['ALTER ROLE "cliente_001" IN DATABASE "freqtrade_multi" SET search_path = "cliente_001"'],
        ),
        (
            dataclasses.replace(AS_WANTED, database_privileges=frozenset({"CREATE", "TEMPORARY"})),
            [
                'REVOKE CREATE ON DATABASE "freqtrade_multi" FROM "cliente_001"',
                'REVOKE TEMPORARY ON DATABASE "freqtrade_multi" FROM "cliente_001"',
                'GRANT CONNECT ON DATABASE "freqtrade_multi" TO "cliente_001"',
            ],
        ),
        (
            dataclasses.replace(AS_WANTED, schema_privileges=frozenset({"USAGE"}), act_as=True),
            ['GRANT USAGE, CREATE ON SCHEMA "cliente_001" TO "cliente_001"'],
        ),
    ],
    ids=["limit", "login", "attributes", "expiry", "password", "search path", "database", "schema"],
)
def test_drift_is_corrected_with_the_least_statements(current: Tenant, planned: list[str]) -> None:
    assert _text(plan_present(current, PLACE_18, 20)) == planned


@pytest.mark.parametrize(
    ("current", "message"),
    [
        (Tenant(owner="someone"), "The schema cliente_001 is owned by someone"),
        (
            _role(attributes=frozenset({"LOGIN", "SUPERUSER", "BYPASSRLS"})),
            "The role cliente_001 has BYPASSRLS, SUPERUSER, which only a superuser takes away",
        ),
        (_role(member_of=("pg_read_all_data",)), "The role cliente_001 is a member of pg_read_all_data"),
    ],
)
def test_what_the_platform_may_not_change_is_a_conflict(current: Tenant, message: str) -> None:
    with pytest.raises(PlatformError) as caught:
        plan_present(current, PLACE_18, 20)
    assert (caught.value.code, caught.value.message) == ("schema_conflict", message)


@pytest.mark.parametrize("confirm", [None, "", "cliente-001", "cliente_002"])
@pytest.mark.parametrize("current", [AS_WANTED, Tenant()])
def test_dropping_needs_the_schema_s_name(current: Tenant, confirm: str | None) -> None:
    with pytest.raises(PlatformError) as caught:
        plan_absent(current, PLACE_18, confirm)
    assert caught.value.code == "confirmation_missing"


def test_dropping_takes_the_schema_then_what_else_is_owned_then_the_role() -> None:
    assert _text(plan_absent(AS_WANTED, PLACE_15, NAME)) == [
        'GRANT "cliente_001" TO "platform_admin"',
        'DROP SCHEMA "cliente_001" CASCADE',
        'DROP OWNED BY "cliente_001" CASCADE',
        'DROP ROLE "cliente_001"',
    ]


def test_dropping_what_is_not_there_plans_nothing() -> None:
    assert plan_absent(Tenant(), PLACE_18, NAME) == []


def test_a_schema_of_another_owner_is_not_dropped() -> None:
    with pytest.raises(PlatformError, match="is owned by someone"):
        plan_absent(dataclasses.replace(AS_WANTED, owner="someone"), PLACE_18, NAME)


@pytest.mark.parametrize(
    ("name", "setting"), [("cliente_001", "cliente_001"), ('odd"; DROP', '"odd""; DROP"')]
)
def test_the_search_path_is_compared_as_the_server_keeps_it(name: str, setting: str) -> None:
    assert dataclasses.replace(PLACE_18, name=name).search_path == setting


def test_statements_are_equal_by_what_they_say() -> None:
    assert statement("DROP ROLE {}", "a") == statement("DROP ROLE {}", "a")
    assert statement("DROP ROLE {}", "a") != statement("DROP ROLE {}", "b")


def test_a_role_shows_no_password() -> None:
    assert "password" not in str(Tenant(role=Role(frozenset({"LOGIN"}), 20)).shown())
