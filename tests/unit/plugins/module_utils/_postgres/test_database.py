# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres import (
    Login,
    create_admin,
    prepare_database,
)
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import (
    SUPERUSER,
    SUPERUSER_PASSWORD,
)

from .conftest import ADMIN_PASSWORD, DATABASE, Prepared


def _superuser(prepared: Prepared, database: str) -> Login:
    server = prepared.server
    return Login(server.host, server.port, SUPERUSER, database, password=SUPERUSER_PASSWORD)


def test_preparing_twice_changes_nothing(prepared: Prepared) -> None:
    again = prepare_database(_superuser(prepared, DATABASE))
    assert (again.queries, again.left_open) == ([], [])


def test_an_owner_who_is_no_superuser_closes_its_own_and_tells_the_rest(prepared: Prepared) -> None:
    prepared.as_superuser("GRANT ALL ON DATABASE {} TO PUBLIC", DATABASE)
    prepared.as_superuser("GRANT CONNECT ON DATABASE template1 TO PUBLIC")
    prepared.as_superuser("GRANT CREATE ON SCHEMA public TO PUBLIC")
    prepared.as_superuser("GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC")
    result = prepare_database(prepared.login)
    assert result.queries == [
        'REVOKE ALL ON DATABASE "freqtrade_multi" FROM PUBLIC',
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    ]
    assert result.left_open == ["CONNECT ON DATABASE template1", "EXECUTE ON FUNCTION lo_create(oid)"]
    prepare_database(_superuser(prepared, DATABASE))


def test_the_admin_is_made_once_and_its_password_set_anew_when_it_fails(prepared: Prepared) -> None:
    superuser = _superuser(prepared, "postgres")
    assert create_admin(superuser, "platform_admin", ADMIN_PASSWORD, DATABASE) == []
    prepared.as_superuser("ALTER ROLE platform_admin PASSWORD 'another'")
    queries = create_admin(superuser, "platform_admin", ADMIN_PASSWORD, DATABASE)
    assert queries == [
        'ALTER ROLE "platform_admin" LOGIN NOSUPERUSER CREATEROLE CREATEDB PASSWORD %(verifier)s'
    ]
    assert create_admin(superuser, "platform_admin", ADMIN_PASSWORD, DATABASE) == []
