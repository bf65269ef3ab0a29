# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import base64
import urllib.parse

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.masking import mask

CANARY = "canary-7f3a91-ZQx0b5Lm2"
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        KEY,
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(b"x" + CANARY.encode()).decode(),
        CANARY.encode().hex(),
        CANARY.encode().hex().upper(),
        urllib.parse.quote(CANARY + "/@"),
    ],
)
@pytest.mark.parametrize(
    "frame", ["{}", "key {} refused", "('{}',)", '{{"x": "{}"}}', "?a=1&b={}&c=2", "\t{}\n"]
)
def test_a_long_secret_is_hidden_in_any_encoding(form: str, frame: str) -> None:
    assert form not in mask(frame.format(form))


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+psycopg2://cliente_001:hunter2@10.0.0.1:5432/freqtrade_multi",
        "postgres://cliente_001:hunter2/with@sign@10.0.0.1/db",
        "redis://:hunter2@10.0.0.1",
        "Authorization: Basic hunter2",
        "Authorization: Bearer hunter2",
        "password=hunter2",
        "{'password': 'hunter2', 'a': 1}",
        '{"jwt_secret_key": "hunter2"}',
        "FREQTRADE__API_SERVER__PASSWORD=hunter2",
        "GET /api/v3/order?symbol=BTCUSDT&signature=hunter2&a=1",
        "apiKey: hunter2",
        "ws_token = hunter2",
        "token%3Dhunter2",
    ],
)
def test_a_short_secret_is_hidden_after_its_name(text: str) -> None:
    assert "hunter2" not in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01 10:00:00,123 - freqtrade.worker - INFO - Changing state from STOPPED to RUNNING",
        "strategy.interface - WARNING - Unable to analyze candle (OHLCV) data for pair BTC/USDT: boom",
        'ccxt.base.errors.AuthenticationError: binance {"code":-2015,"msg":"Invalid API-key, IP"}',
        "ModuleNotFoundError: No module named 'talib'",
        "freqtrade.resolvers.iresolver - ERROR - Could not import /freqtrade/catalogue/BrokenImport.py",
        "bot-health: strategy_raises BTC/USDT",
    ],
)
def test_what_explains_a_failure_stays_readable(text: str) -> None:
    assert mask(text) == text
