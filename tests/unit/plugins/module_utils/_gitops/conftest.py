# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import Origin

SPECIFICATION: dict[str, t.Any] = {
    "strategy": "SampleTrend",
    "pairs": ["BTC/USDT"],
    "timeframe": "5m",
    "stake_currency": "USDT",
    "stake_amount": 100,
    "max_open_trades": 2,
    "dry_run": True,
    "dry_run_wallet": 1000,
}


@pytest.fixture
def specification() -> dict[str, t.Any]:
    return dict(SPECIFICATION)


@pytest.fixture
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    return Origin.create(tmp_path_factory.mktemp("origin"))
