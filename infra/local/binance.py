# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Binance's spot REST API: prices can be driven, failures can be switched on.

It answers what Freqtrade asks through ccxt, keeps everything in bounded memory, and is driven by

- ``POST /_fake/price`` ``{"symbol": "BTCUSDT", "price": 99000}``: the price from now on;
- ``POST /_fake/fail`` ``{"status": 503, "path": "/api/v3/klines", "count": 10}``: paths that start so
  (default all) get that status, so many times (default: until the next reset);
- ``POST /_fake/reset`` ``{"keys": {"<key>": "<secret>"}}``: forgets prices, failures, orders and the log, and
  accepts these API keys only (default: none, each signed request gets -2015);
- ``GET /_fake/log``: the last requests, without keys or signatures.

Run ``python infra/local/binance.py --host 127.0.0.1 --port 8099``.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import hashlib
import hmac
import itertools
import logging
import math
import threading
import time
import typing as t

import flask
from werkzeug.serving import WSGIRequestHandler, make_server

BASE_PRICES: t.Final = {"BTCUSDT": 60_000.0, "ETHUSDT": 3_000.0, "SOLUSDT": 150.0, "BNBUSDT": 600.0}
INTERVALS_MS: t.Final = {
    f"{count}{unit}": count * size
    for unit, size in (("m", 60_000), ("h", 3_600_000), ("d", 86_400_000))
    for count in (1, 2, 3, 4, 5, 6, 8, 12, 15, 30)
}
LOGGED_PARAMETERS: t.Final = ("symbol", "interval", "limit", "side", "type", "quantity")
START_BALANCE: t.Final = 10_000.0

Answer = dict[str, t.Any] | list[t.Any]


class Refusal(Exception):
    """An error as Binance words it: HTTP status, code, message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "msg": message}


@dataclasses.dataclass
class Failure:
    """A switched-on failure of all paths that start with ``path``; ``left`` is None without an end."""

    path: str
    status: int
    left: int | None


def now_ms() -> int:
    return int(time.time() * 1000)


class Market:
    """Prices: a slow wave around a base, until driven; each moment has one price, so candles agree."""

    def __init__(self) -> None:
        self._driven: dict[str, collections.deque[tuple[int, float]]] = {
            symbol: collections.deque(maxlen=100) for symbol in BASE_PRICES
        }

    def drive(self, symbol: str, price: float) -> None:
        self._driven[self.known(symbol)].append((now_ms(), price))

    @staticmethod
    def known(symbol: str) -> str:
        if symbol not in BASE_PRICES:
            raise Refusal(400, -1121, "Invalid symbol.")
        return symbol

    def price(self, symbol: str, at_ms: int | None = None) -> float:
        """Price of one unit at a moment (default now)."""
        at_ms = now_ms() if at_ms is None else at_ms
        for since, price in reversed(self._driven[self.known(symbol)]):
            if since <= at_ms:
                return price
        return round(BASE_PRICES[symbol] * (1 + 0.002 * math.sin(at_ms / 3_600_000 * math.tau)), 2)

    def klines(
        self, symbol: str, interval: str, limit: int, start: int | None, end: int | None
    ) -> list[list[t.Any]]:
        """Candles aligned to the clock, the last one still open."""
        if interval not in INTERVALS_MS:
            raise Refusal(400, -1120, "Invalid interval.")
        length = INTERVALS_MS[interval]
        last = min(now_ms(), end if end is not None else now_ms()) // length * length
        first = last - (limit - 1) * length
        if start is not None:
            first = -(-start // length) * length
            last = min(last, first + (limit - 1) * length)
        return [self._candle(symbol, opened, length) for opened in range(first, last + 1, length)]

    def _candle(self, symbol: str, opened: int, length: int) -> list[t.Any]:
        closes = opened + length - 1
        first, last = self.price(symbol, opened), self.price(symbol, min(closes, now_ms()))
        prices = (first, max(first, last) * 1.0005, min(first, last) * 0.9995, last)
        volume = 10 + opened // length % 7
        shown = [f"{price:.2f}" for price in prices]
        return [opened, *shown, f"{volume}.0", closes, f"{volume * last:.8f}", 100, "5.0", "300000.0", "0"]


class Accounts:
    """API keys with their balances and orders."""

    def __init__(self, market: Market, keys: dict[str, str]) -> None:
        self._market = market
        self._keys = keys
        self._numbers = itertools.count(1)
        self._balances: dict[str, dict[str, float]] = {}
        self._orders: collections.OrderedDict[int, dict[str, t.Any]] = collections.OrderedDict()

    def check(self, key: str, message: bytes, signature: str) -> str:
        """Return the key when it is known and signed ``message``; refuse as Binance does."""
        if key not in self._keys:
            raise Refusal(401, -2015, "Invalid API-key, IP, or permissions for action.")
        expected = hmac.new(self._keys[key].encode(), message, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise Refusal(400, -1022, "Signature for this request is not valid.")
        return key

    def balances(self, key: str) -> dict[str, float]:
        return self._balances.setdefault(key, {"USDT": START_BALANCE})

    def place(self, key: str, form: t.Mapping[str, str]) -> dict[str, t.Any]:
        """Store an order, and fill it when the price allows."""
        symbol = self._market.known(form["symbol"])
        price = float(form.get("price", 0)) or self._market.price(symbol)
        quantity = float(form["quantity"]) if "quantity" in form else float(form["quoteOrderQty"]) / price
        number = next(self._numbers)
        self._orders[number] = {
            "symbol": symbol, "orderId": number, "orderListId": -1,
            "clientOrderId": form.get("newClientOrderId", f"fake{number}"),
            "price": f"{price:.8f}", "origQty": f"{quantity:.8f}", "executedQty": "0.00000000",
            "cummulativeQuoteQty": "0.00000000", "status": "NEW", "type": form["type"], "side": form["side"],
            "timeInForce": form.get("timeInForce", "GTC"), "stopPrice": form.get("stopPrice", "0"),
            "time": now_ms(), "transactTime": now_ms(), "updateTime": now_ms(), "isWorking": True, "key": key,
        }  # fmt: skip
        while len(self._orders) > 5_000:
            self._orders.popitem(last=False)
        return self.order(key, number)

    def order(self, key: str, number: int) -> dict[str, t.Any]:
        order = self._orders.get(number)
        if order is None or order["key"] != key:
            raise Refusal(400, -2013, "Order does not exist.")
        self._fill(order)
        return public(order)

    def cancel(self, key: str, number: int) -> dict[str, t.Any]:
        self.order(key, number)
        if self._orders[number]["status"] == "NEW":
            self._orders[number]["status"] = "CANCELED"
        return public(self._orders[number])

    def orders(self, key: str, symbol: str | None, only_open: bool) -> list[dict[str, t.Any]]:
        numbers = [number for number, order in self._orders.items() if order["key"] == key]
        found = [self.order(key, number) for number in numbers]
        return [
            order for order in found
            if symbol in (None, order["symbol"]) and (not only_open or order["status"] == "NEW")
        ]  # fmt: skip

    def _fill(self, order: dict[str, t.Any]) -> None:
        price, limit = self._market.price(order["symbol"]), float(order["price"])
        buys = order["side"] == "BUY"
        waits = order["type"] == "LIMIT" and (price > limit if buys else price < limit)
        if order["status"] != "NEW" or waits or order["type"].startswith(("STOP", "TAKE")):
            return
        quantity = float(order["origQty"])
        balances = self.balances(order["key"])
        sign = 1 if buys else -1
        base = order["symbol"].removesuffix("USDT")
        balances[base] = balances.get(base, 0.0) + sign * quantity
        balances["USDT"] -= sign * quantity * price
        order.update(status="FILLED", executedQty=order["origQty"], updateTime=now_ms())
        order["cummulativeQuoteQty"] = f"{quantity * price:.8f}"


def public(order: dict[str, t.Any]) -> dict[str, t.Any]:
    """The order as Binance shows it, with its one fill."""
    shown = {name: value for name, value in order.items() if name != "key"}
    if order["status"] == "FILLED":
        price = float(order["cummulativeQuoteQty"]) / float(order["executedQty"])
        shown["fills"] = [
            {"price": f"{price:.8f}", "qty": order["executedQty"], "tradeId": order["orderId"],
             "commission": "0", "commissionAsset": "BNB"}
        ]  # fmt: skip
    return shown


def trade(order: dict[str, t.Any]) -> dict[str, t.Any]:
    """A filled order as an entry of myTrades."""
    fill = order["fills"][0]
    return {
        "symbol": order["symbol"], "id": order["orderId"], "orderId": order["orderId"], "orderListId": -1,
        "price": fill["price"], "qty": fill["qty"], "quoteQty": order["cummulativeQuoteQty"],
        "commission": "0", "commissionAsset": "BNB", "time": order["updateTime"],
        "isBuyer": order["side"] == "BUY", "isMaker": False, "isBestMatch": True,
    }  # fmt: skip


def symbol_info(symbol: str) -> dict[str, t.Any]:
    """A symbol's entry of exchangeInfo."""
    return {
        "symbol": symbol, "baseAsset": symbol.removesuffix("USDT"), "quoteAsset": "USDT", "status": "TRADING",
        "baseAssetPrecision": 8, "quotePrecision": 8, "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8, "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT"],
        "icebergAllowed": True, "ocoAllowed": True, "quoteOrderQtyMarketAllowed": True,
        "isSpotTradingAllowed": True, "isMarginTradingAllowed": False,
        "permissions": [], "permissionSets": [["SPOT"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.0", "stepSize": "0.00001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.0", "maxQty": "9000.0", "stepSize": "0.0"},
            {"filterType": "NOTIONAL", "minNotional": "5", "applyMinToMarket": True, "maxNotional": "9e6"},
        ],
    }  # fmt: skip


def ticker(market: Market, symbol: str) -> dict[str, t.Any]:
    """A symbol's entry of every kind of ticker."""
    price = market.price(symbol)
    same = ("price", "lastPrice", "openPrice", "highPrice", "lowPrice", "weightedAvgPrice", "prevClosePrice")
    return {
        "symbol": symbol, **dict.fromkeys(same, f"{price:.2f}"),
        "bidPrice": f"{price - 0.01:.2f}", "askPrice": f"{price + 0.01:.2f}", "bidQty": "10", "askQty": "10",
        "priceChange": "0.0", "priceChangePercent": "0.0", "lastQty": "1.0",
        "volume": "1000.0", "quoteVolume": f"{price * 1000:.2f}", "openTime": now_ms() - 86_400_000,
        "closeTime": now_ms(), "firstId": 1, "lastId": 2, "count": 2,
    }  # fmt: skip


class Exchange:
    """All that a reset forgets."""

    def __init__(self, keys: dict[str, str] | None = None) -> None:
        self.market = Market()
        self.accounts = Accounts(self.market, keys or {})
        self.failures: collections.deque[Failure] = collections.deque(maxlen=100)
        self.log: collections.deque[dict[str, t.Any]] = collections.deque(maxlen=2_000)

    def fail(self, path: str) -> None:
        """Refuse with the first switched-on failure that covers ``path``."""
        for failure in list(self.failures):
            if not path.startswith(failure.path):
                continue
            if failure.left is not None:
                failure.left -= 1
                if failure.left <= 0:
                    self.failures.remove(failure)
            code = -1003 if failure.status in (418, 429) else -1000
            raise Refusal(failure.status, code, "Switched on by /_fake/fail.")


def public_routes(exchange: t.Callable[[], Exchange]) -> flask.Blueprint:
    """What anybody may ask."""
    routes = flask.Blueprint("public", __name__)

    @routes.get("/api/v3/ping")
    def ping() -> Answer:
        return {}

    @routes.get("/api/v3/time")
    def server_time() -> Answer:
        return {"serverTime": now_ms()}

    @routes.get("/api/v3/exchangeInfo")
    def exchange_info() -> Answer:
        symbols = [symbol_info(symbol) for symbol in BASE_PRICES]
        common = {"timezone": "UTC", "serverTime": now_ms(), "rateLimits": [], "exchangeFilters": []}
        return {**common, "symbols": symbols}

    @routes.get("/api/v3/klines")
    def klines() -> Answer:
        asked = flask.request.args
        limit = min(asked.get("limit", 500, int), 1_000)
        start, end = asked.get("startTime", None, int), asked.get("endTime", None, int)
        return exchange().market.klines(asked["symbol"], asked["interval"], limit, start, end)

    @routes.get("/api/v3/depth")
    def depth() -> Answer:
        price = exchange().market.price(flask.request.args["symbol"])
        steps = range(1, min(flask.request.args.get("limit", 20, int), 100) + 1)
        bids = [[f"{price - step / 100:.2f}", "10.00000000"] for step in steps]
        asks = [[f"{price + step / 100:.2f}", "10.00000000"] for step in steps]
        return {"lastUpdateId": now_ms(), "bids": bids, "asks": asks}

    @routes.get("/api/v3/ticker/<kind>")
    def tickers(kind: str) -> Answer:
        if kind not in ("24hr", "price", "bookTicker"):
            raise Refusal(404, -1000, "Unknown ticker.")
        market, symbol = exchange().market, flask.request.args.get("symbol")
        return ticker(market, symbol) if symbol else [ticker(market, name) for name in BASE_PRICES]

    return routes


def private_routes(exchange: t.Callable[[], Exchange]) -> flask.Blueprint:
    """What a key and its signature open."""
    routes = flask.Blueprint("private", __name__)

    @routes.before_request
    def signed() -> None:
        request = flask.request
        message = request.query_string + request.get_data()
        message, _, signature = message.rpartition(b"&signature=")
        flask.g.key = exchange().accounts.check(
            request.headers.get("X-MBX-APIKEY", ""), message, signature.decode("ascii", "replace")
        )

    @routes.get("/api/v3/account")
    def account() -> Answer:
        balances = [
            {"asset": asset, "free": f"{amount:.8f}", "locked": "0.00000000"}
            for asset, amount in exchange().accounts.balances(flask.g.key).items()
        ]
        rights = {"accountType": "SPOT", "canTrade": True, "permissions": ["SPOT"]}
        return {**rights, "updateTime": now_ms(), "balances": balances}

    @routes.post("/api/v3/order")
    def place() -> Answer:
        return exchange().accounts.place(flask.g.key, flask.request.values)

    @routes.get("/api/v3/order")
    def read() -> Answer:
        return exchange().accounts.order(flask.g.key, int(flask.request.values["orderId"]))

    @routes.delete("/api/v3/order")
    def cancel() -> Answer:
        return exchange().accounts.cancel(flask.g.key, int(flask.request.values["orderId"]))

    @routes.get("/api/v3/openOrders")
    @routes.get("/api/v3/allOrders")
    def orders() -> Answer:
        only_open = flask.request.path.endswith("openOrders")
        return exchange().accounts.orders(flask.g.key, flask.request.args.get("symbol"), only_open)

    @routes.get("/api/v3/myTrades")
    def my_trades() -> Answer:
        wanted = flask.request.args.get("orderId", None, int)
        orders = exchange().accounts.orders(flask.g.key, flask.request.args.get("symbol"), only_open=False)
        return [trade(order) for order in orders if "fills" in order and wanted in (None, order["orderId"])]

    @routes.get("/sapi/v1/<path:path>")
    def wallet(path: str) -> Answer:
        """Currencies, margin pairs, fees and delistings: none that differ from the defaults."""
        return []

    return routes


def control_routes(
    exchange: t.Callable[[], Exchange], reset: t.Callable[[dict[str, str]], None]
) -> flask.Blueprint:
    """How a test drives the exchange."""
    routes = flask.Blueprint("control", __name__, url_prefix="/_fake")

    @routes.post("/reset")
    def forget() -> Answer:
        reset(dict((flask.request.get_json(silent=True) or {}).get("keys", {})))
        return {}

    @routes.post("/price")
    def drive() -> Answer:
        asked = flask.request.get_json()
        exchange().market.drive(asked["symbol"], float(asked["price"]))
        return {}

    @routes.post("/fail")
    def fail() -> Answer:
        asked = flask.request.get_json()
        exchange().failures.append(Failure(asked.get("path", "/"), int(asked["status"]), asked.get("count")))
        return {}

    @routes.get("/log")
    def log() -> Answer:
        return list(exchange().log)

    return routes


def create_app() -> flask.Flask:
    """The stand-in as a WSGI application with an exchange of its own."""
    app = flask.Flask(__name__)
    current = [Exchange()]
    lock = threading.Lock()

    def exchange() -> Exchange:
        return current[0]

    def reset(keys: dict[str, str]) -> None:
        current[0] = Exchange(keys)

    @app.before_request
    def one_at_a_time() -> None:
        lock.acquire()
        flask.g.locked = True
        if not flask.request.path.startswith("/_fake/"):
            exchange().fail(flask.request.path)

    @app.after_request
    def remember(response: flask.Response) -> flask.Response:
        request = flask.request
        if not request.path.startswith("/_fake/"):
            asked = {name: request.values[name] for name in LOGGED_PARAMETERS if name in request.values}
            seen = {"at": now_ms(), "method": request.method, "path": request.path}
            exchange().log.append({**seen, "status": response.status_code, **asked})
        return response

    @app.teardown_request
    def release(error: BaseException | None) -> None:
        if flask.g.pop("locked", False):
            lock.release()

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[Answer, int]:
        return error.body, error.status

    app.register_blueprint(public_routes(exchange))
    app.register_blueprint(private_routes(exchange))
    app.register_blueprint(control_routes(exchange, reset))
    return app


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open, and writes no line per request: its query carries the signature."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-in for Binance's spot REST API")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    make_server(
        arguments.host, arguments.port, create_app(), threaded=True, request_handler=QuietHandler
    ).serve_forever()


if __name__ == "__main__":
    main()
