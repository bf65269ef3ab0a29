# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import Server
from ansible_collections.bot_freqtrade.platform.tests.support.processes import find_binary


@pytest.mark.parametrize("version", [15, 16, 18])
def test_each_postgresql_answers_with_its_version(version: int, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(f"postgres_{version}")
    with server.superuser() as cursor:
        cursor.execute("SHOW server_version_num")
        row = cursor.fetchone()
    assert row is not None
    assert int(row[0]) // 10_000 == version


def test_the_kubernetes_api_keeps_a_namespace(kube_api: KubeApi) -> None:
    kube_api.create_namespace("kept")
    assert kube_api.request("GET", "/api/v1/namespaces/kept")["metadata"]["name"] == "kept"


def test_a_missing_program_is_an_error_that_names_it() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        find_binary("no-such-program")
