# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import psycopg2.extensions
import pytest
import sqlalchemy
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres import database_url

PARTS = {
    "user": "cliente_001",
    "password": "p/ss@word",
    "host": "10.88.77.1",
    "port": 54320,
    "database": "freqtrade_multi",
    "schema": "cliente_001",
    "sslmode": "prefer",
}


def test_the_url_has_the_form_that_freqtrade_accepts() -> None:
    assert database_url(**PARTS) == (  # type: ignore[arg-type]
        "postgresql+psycopg2://cliente_001:p%2Fss%40word@10.88.77.1:54320/freqtrade_multi"
        "?options=-csearch_path%3Dcliente_001&sslmode=prefer&connect_timeout=5"
        "&keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3"
    )


@pytest.mark.parametrize("host", ["10.88.77.1", "db.example", "2001:db8::1"])
def test_sqlalchemy_reads_back_what_went_in(host: str) -> None:
    url = sqlalchemy.make_url(database_url(**{**PARTS, "host": host}))  # type: ignore[arg-type]
    assert (url.host, url.port, url.username, url.password) == (host, 54320, "cliente_001", "p/ss@word")
    assert url.query["options"] == "-csearch_path=cliente_001"


def test_libpq_understands_each_parameter() -> None:
    url = database_url(**PARTS).replace("postgresql+psycopg2://", "postgresql://")  # type: ignore[arg-type]
    assert psycopg2.extensions.parse_dsn(url)["options"] == "-csearch_path=cliente_001"
