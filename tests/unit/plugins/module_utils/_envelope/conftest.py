# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    KeyStore,
    PrivateKey,
    Provenance,
)

CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
WALLET = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.fixture
def keystore(tmp_path: pathlib.Path) -> KeyStore:
    return KeyStore(tmp_path / "keys")


@pytest.fixture(params=[1, 2], ids=["x25519", "x-wing"])
def key(request: pytest.FixtureRequest, keystore: KeyStore) -> PrivateKey:
    return keystore.generate(request.param)


@pytest.fixture
def provenance(key: PrivateKey) -> Provenance:
    return Provenance(31337, CONTRACT, 1, WALLET, 7, key.key_id)


@pytest.fixture
def specification() -> dict[str, t.Any]:
    return {
        "strategy": "SampleTrend",
        "pairs": ["BTC/USDT"],
        "timeframe": "5m",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 2,
        "dry_run": True,
        "dry_run_wallet": 5000,
    }


@pytest.fixture
def start(specification: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"operation": "trade.start", "specification": specification}


@pytest.fixture
def exchange() -> dict[str, str]:
    return {"key": "CANARYkeyCANARYkey", "secret": "CANARYsecretCANARYsecret"}
