# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import (
    SUPERUSER_PASSWORD,
    Server,
    throw_away_server,
)
from platform_local import database
from platform_local.errors import LocalPlatformError
from platform_local.options import Options
from platform_local.paths import Layout


@pytest.fixture(scope="module")
def own_server() -> t.Iterator[Server]:
    with throw_away_server(18) as started:
        yield started


@pytest.fixture
def local(own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> database.Database:
    monkeypatch.setattr(database, "PORT", own_server.port)
    layout = Layout(tmp_path)
    layout.secrets.mkdir(parents=True)
    (layout.secrets / "postgres-password").write_text(SUPERUSER_PASSWORD)
    return database.Database(layout, Options())


def test_both_databases_are_made_once_and_closed(local: database.Database, own_server: Server) -> None:
    assert local.ready()
    assert local.install()
    assert not local.install()
    with own_server.superuser() as cursor:
        cursor.execute(
            "SELECT datname, pg_get_userbyid(datdba), has_database_privilege('public', oid, 'CONNECT')"
            " FROM pg_database WHERE datallowconn ORDER BY 1"
        )
        assert cursor.fetchall() == [
            ("freqtrade_multi", "platform_admin", False),
            ("platform", "platform_listener", False),
            ("postgres", "postgres", False),
            ("template1", "postgres", False),
        ]


def test_the_monitor_gets_a_role_that_reads_figures_only(
    local: database.Database, own_server: Server
) -> None:
    local.install()
    with own_server.superuser() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database"
            " WHERE datallowconn AND has_database_privilege('platform_metrics', oid, 'CONNECT')"
        )
        assert cursor.fetchall() == [("freqtrade_multi",)]


def test_a_refusal_of_the_server_is_told_in_one_line(local: database.Database, own_server: Server) -> None:
    with own_server.superuser() as cursor:
        cursor.execute("CREATE ROLE somebody; ALTER DATABASE platform OWNER TO somebody")
    try:
        with pytest.raises(LocalPlatformError, match="owned by somebody"):
            local.install()
    finally:
        with own_server.superuser() as cursor:
            cursor.execute("ALTER DATABASE platform OWNER TO platform_listener; DROP ROLE somebody")
