# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _envelope
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import exchange_of

START = {
    "operation": "trade.start",
    "specification": {
        "strategy": "SampleTrend",
        "pairs": ["BTC/USDT"],
        "timeframe": "5m",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 2,
        "dry_run": True,
    },
}
KEYS = {"key": "canary-of-the-key-00", "secret": "canary-of-the-secret-00"}


@pytest.fixture
def seal(tmp_path: Path) -> t.Callable[[dict[str, t.Any]], dict[str, t.Any]]:
    """Seal a command of client 1 with number 7, and return the options that bring it."""
    keys = tmp_path / "keys"
    key = _envelope.KeyStore(keys).generate()

    def options_of(command: dict[str, t.Any]) -> dict[str, t.Any]:
        provenance = _envelope.Provenance(31337, "0x" + "11" * 20, 1, "0x" + "22" * 20, 7, key.key_id)
        payload = _envelope.seal(command, key.public_key, provenance.binding(key.suite))
        return {
            "sequence": 7,
            "payload": "0x" + payload.hex(),
            "key_id": key.key_id.hex(),
            "sender": provenance.sender,
            "chain_id": provenance.chain_id,
            "contract": provenance.contract,
            "key_directory": str(keys),
        }

    return options_of


Seal = t.Callable[[dict[str, t.Any]], dict[str, t.Any]]


def test_keys_come_out_under_the_names_that_the_bot_reads(seal: Seal) -> None:
    options = seal({**START, "exchange": KEYS})
    exchange = exchange_of(options, Client(1))
    assert exchange is not None
    assert exchange.data == {"BINANCE_API_KEY": KEYS["key"], "BINANCE_SECRET_KEY": KEYS["secret"]}
    assert exchange.digest == hashlib.sha256(bytes.fromhex(options["payload"][2:])).hexdigest()
    assert "canary" not in repr(exchange)


@pytest.mark.parametrize("command", [START, {"operation": "trade.stop"}])
def test_a_command_without_keys_makes_no_secret(seal: Seal, command: dict[str, t.Any]) -> None:
    exchange = exchange_of(seal(command), Client(1))
    assert exchange is not None
    assert (exchange.sequence, exchange.data) == (7, None)


def test_a_run_without_a_command_has_no_exchange_secret() -> None:
    assert exchange_of({"sequence": None, "payload": None}, Client(1)) is None


def test_a_number_without_a_payload_is_held_to_the_floor_only() -> None:
    exchange = exchange_of({"sequence": 7, "payload": None}, Client(1))
    assert exchange is not None
    assert exchange.data is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sequence": 8}, "payload_not_opened"),
        ({"sender": "0x" + "33" * 20}, "payload_not_opened"),
        ({"chain_id": 1}, "payload_not_opened"),
        ({"key_id": "00000000"}, "key_unknown"),
        ({"key_id": "no hex"}, "usage"),
        ({"payload": "no hex"}, "usage"),
        ({"payload": "0x"}, "payload_malformed"),
    ],
)
def test_what_does_not_open_is_refused_without_a_word_of_it(
    seal: Seal, change: dict[str, t.Any], code: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        exchange_of({**seal({**START, "exchange": KEYS}), **change}, Client(1))
    assert caught.value.code == code
    assert "canary" not in f"{caught.value} {caught.value.details}"


def test_another_client_cannot_open_it(seal: Seal) -> None:
    with pytest.raises(PlatformError) as caught:
        exchange_of(seal({**START, "exchange": KEYS}), Client(2))
    assert caught.value.code == "payload_not_opened"
