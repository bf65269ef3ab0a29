# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in answers as Binance does where the platform depends on it."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time

import flask.testing
import pytest

from infra.local.binance import create_app

KEY, SECRET = "known-key-of-a-test", "secret-of-a-test"
MINUTE_MS = 60_000


@pytest.fixture(name="client")
def _client() -> flask.testing.FlaskClient:
    client = create_app().test_client()
    client.post("/_fake/reset", json={"keys": {KEY: SECRET}})
    return client


def signed(query: str, secret: str = SECRET) -> str:
    """Return the query with its signature, as ccxt sends it."""
    return f"{query}&signature={hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()}"


def place(client: flask.testing.FlaskClient, order: str) -> dict[str, object]:
    body = signed(f"{order}&timestamp=1")
    answer = client.post(
        "/api/v3/order",
        data=body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-MBX-APIKEY": KEY},
    )
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_klines_end_with_the_open_candle(client):
    candles = client.get("/api/v3/klines?symbol=BTCUSDT&interval=5m&limit=30").get_json()
    assert len(candles) == 30
    steps = {later[0] - earlier[0] for earlier, later in itertools.pairwise(candles)}
    assert steps == {5 * MINUTE_MS}
    assert candles[-1][0] <= time.time() * 1000 <= candles[-1][6] + 1_000


def test_a_closed_candle_stays_as_it_was(client):
    asked = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=5"
    before = {candle[0]: candle for candle in client.get(asked).get_json()[:-1]}
    client.post("/_fake/price", json={"symbol": "BTCUSDT", "price": 99_000})
    after = {candle[0]: candle for candle in client.get(asked).get_json()[:-1]}
    common = before.keys() & after.keys()
    assert len(common) >= 3
    assert all(before[opened] == after[opened] for opened in common)


def test_a_driven_price_is_in_ticker_depth_and_last_candle(client):
    client.post("/_fake/price", json={"symbol": "BTCUSDT", "price": 99_000})
    assert client.get("/api/v3/ticker/price?symbol=BTCUSDT").get_json()["price"] == "99000.00"
    assert client.get("/api/v3/depth?symbol=BTCUSDT&limit=5").get_json()["asks"][0][0] == "99000.01"
    assert client.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1").get_json()[0][4] == "99000.00"


@pytest.mark.parametrize(
    ("key", "secret", "status", "code"),
    [(KEY, SECRET, 200, None), ("another-key", SECRET, 401, -2015), (KEY, "another-secret", 400, -1022)],
)
def test_a_signed_request_needs_a_known_key_and_its_signature(client, key, secret, status, code):
    answer = client.get("/api/v3/account?" + signed("timestamp=1", secret), headers={"X-MBX-APIKEY": key})
    assert (answer.status_code, answer.get_json().get("code")) == (status, code)


def test_after_a_plain_reset_no_key_is_accepted(client):
    client.post("/_fake/reset")
    answer = client.get("/api/v3/account?" + signed("timestamp=1"), headers={"X-MBX-APIKEY": KEY})
    assert answer.get_json()["code"] == -2015


def test_a_market_order_fills_at_the_price_and_moves_the_balances(client):
    client.post("/_fake/price", json={"symbol": "BTCUSDT", "price": 50_000})
    order = place(client, "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01")
    assert (order["status"], order["cummulativeQuoteQty"]) == ("FILLED", "500.00000000")
    account = client.get("/api/v3/account?" + signed("timestamp=2"), headers={"X-MBX-APIKEY": KEY}).get_json()
    balances = {entry["asset"]: float(entry["free"]) for entry in account["balances"]}
    assert balances == {"USDT": 9_500.0, "BTC": 0.01}


def test_a_limit_order_waits_for_its_price(client):
    client.post("/_fake/price", json={"symbol": "BTCUSDT", "price": 50_000})
    order = place(client, "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.01&price=49000")
    assert order["status"] == "NEW"
    client.post("/_fake/price", json={"symbol": "BTCUSDT", "price": 48_000})
    asked = signed(f"symbol=BTCUSDT&orderId={order['orderId']}&timestamp=3")
    assert (
        client.get(f"/api/v3/order?{asked}", headers={"X-MBX-APIKEY": KEY}).get_json()["status"] == "FILLED"
    )


def test_a_failure_covers_its_paths_so_many_times(client):
    client.post("/_fake/fail", json={"status": 503, "path": "/api/v3/klines", "count": 2})
    asked = "/api/v3/klines?symbol=BTCUSDT&interval=1m"
    assert [client.get(asked).status_code for _ in range(3)] == [503, 503, 200]
    assert client.get("/api/v3/time").status_code == 200


def test_a_failure_without_a_count_lasts_until_the_reset(client):
    client.post("/_fake/fail", json={"status": 429})
    assert {client.get("/api/v3/time").status_code for _ in range(3)} == {429}
    client.post("/_fake/reset")
    assert client.get("/api/v3/time").status_code == 200


def test_the_log_names_requests_but_holds_no_key_and_no_signature(client):
    place(client, "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01")
    log = client.get("/_fake/log").get_json()
    assert [(entry["method"], entry["path"], entry["status"], entry["side"]) for entry in log] == [
        ("POST", "/api/v3/order", 200, "BUY")
    ]
    written = json.dumps(log)
    assert not any(secret in written for secret in (KEY, SECRET, "signature"))


def test_memory_stays_bounded(client):
    for _ in range(2_100):
        client.get("/api/v3/time")
    assert len(client.get("/_fake/log").get_json()) == 2_000
