#!/usr/bin/env -S python3 -ISE
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the bot on loopback whether it really trades, and print one line.

``bot-health: healthy`` and status 0, or ``bot-health: <code> <what was seen>`` and status 1. It reads the
API's credentials from the environment that the bot runs with, and prints neither them nor any text of a log.

Freqtrade keeps "running" when its strategy raises, its exchange is away or its loop hangs. So a bot is
healthy when its state is running, its loop advances, each configured pair is traded, and the last closed
candle of each pair was analysed. Kubernetes starts this every second: the standard library, and little of it.
"""

import argparse
import base64
import contextlib
import json
import os
import re
import socket
import sys
import time
import typing as t

ANSWER_SECONDS = 4
LOOP_SECONDS = 30
CANDLE_SECONDS = 60
LOG_SECONDS = 60
LAST_LINE = "/tmp/bot-health"  # noqa: S108
POD_LOG = "/proc/1/fd/1"

# The newest line of the bot's log that matches says why it does not trade: (code, logger, text).
CAUSES = [
    ("exchange_key_refused", r"freqtrade\b", r"AuthenticationError|\"code\":-(2015|2014|2008|1022)\b"),
    (
        "strategy_raises",
        r"freqtrade\.strategy\b",
        r"Unable to analyze candle|Strategy caused the following exception|Unexpected error",
    ),
    (
        "exchange_unavailable",
        r"freqtrade\.(exchange|worker|freqtradebot)\b",
        r"OperationFailed|ExchangeNotAvailable|ExchangeError|DDosProtection|RequestTimeout|NetworkError",
    ),
]


class Unhealthy(Exception):
    """The bot does not trade: a code and what was seen."""

    def __init__(self, code: str, seen: str) -> None:
        super().__init__(f"{code} {seen}")
        self.code = code
        self.seen = seen


class Bot:
    """The bot's API: several questions on one connection, because each connection costs the bot a task."""

    def __init__(self, port: int) -> None:
        user = os.environ.get("FREQTRADE__API_SERVER__USERNAME", "")
        password = os.environ.get("FREQTRADE__API_SERVER__PASSWORD", "")
        self._authorization = base64.b64encode(f"{user}:{password}".encode()).decode()
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        except OSError:
            raise Unhealthy("bot_not_ready", "the API is not up yet") from None
        self._stream = self._socket.makefile("rb")
        self.is_lost = False

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def ask(self, *paths: str) -> list[dict[str, t.Any]]:
        """Return the JSON answers to ``paths``, in order; raise when one of them is not there in time."""
        asked = "".join(
            f"GET /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Basic {self._authorization}\r\n\r\n"
            for path in paths
        )
        try:
            self._socket.sendall(asked.encode("ascii"))
            answers = [self._answer() for _ in paths]
        except (OSError, ValueError, IndexError):
            self.is_lost = True
            raise Unhealthy("bot_not_ready", "the API does not answer") from None
        for path, (status, _body) in zip(paths, answers, strict=True):
            if status != 200:
                raise Unhealthy("bot_not_ready", f"the API answers {status} to {path.partition('?')[0]}")
        return [json.loads(body) for _status, body in answers]

    def _answer(self) -> tuple[int, bytes]:
        status = int(self._stream.readline().split()[1])
        length = 0
        while (header := self._stream.readline().strip()) != b"":
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, self._stream.read(length)


def check(bot: Bot, pairs: list[str]) -> None:
    """Raise unless the bot trades all of ``pairs``."""
    config, health, whitelist = bot.ask("show_config", "health", "whitelist")
    if config["state"] != "running":
        raise Unhealthy("bot_not_ready", f"state is {config['state'] or 'unknown'}")
    if health["last_process_ts"] is None:
        raise Unhealthy("bot_not_ready", "the loop has not turned yet")
    age = time.time() - health["last_process_ts"]
    if age > LOOP_SECONDS:
        raise Unhealthy("bot_not_ready", f"the loop has not turned for {age:.0f} s")
    for pair in pairs:
        if pair not in whitelist["whitelist"]:
            raise Unhealthy("config_invalid", f"the exchange does not trade {pair}")
    timeframe, length = config["timeframe"], config["timeframe_ms"]
    candles = bot.ask(*(f"pair_candles?pair={pair}&timeframe={timeframe}&limit=1" for pair in pairs))
    for pair, candle in zip(pairs, candles, strict=True):
        if candle["data_stop_ts"] < oldest_candle(length, time.time() * 1000):
            raise Unhealthy("bot_not_ready", f"{pair} has no recently analysed candle")


def oldest_candle(length_ms: int, now_ms: float) -> int:
    """Opening time of the oldest candle that may be a pair's last analysed one.

    The bot gets ``CANDLE_SECONDS`` after a candle has closed to fetch and analyse it.
    """
    return int((now_ms - CANDLE_SECONDS * 1000) // length_ms - 1) * length_ms


def explain(bot: Bot, verdict: Unhealthy) -> Unhealthy:
    """Name the cause behind a bot that is not ready, when its own log of the last minute does."""
    if verdict.code != "bot_not_ready" or bot.is_lost:
        return verdict
    try:
        entries = bot.ask("logs?limit=200")[0]["logs"]
    except Unhealthy:
        return verdict
    for _date, at_ms, logger, level, text in reversed(entries):
        if level in ("WARNING", "ERROR") and time.time() - at_ms / 1000 < LOG_SECONDS:
            for code, known_logger, known_text in CAUSES:
                if re.match(known_logger, logger) and re.search(known_text, text):
                    return Unhealthy(code, verdict.seen)
    return verdict


def check_stuck(bot: Bot, stuck_seconds: int) -> None:
    """Raise when a running bot's loop has not turned for ``stuck_seconds``."""
    config, health = bot.ask("show_config", "health")
    age = time.time() - (health["last_process_ts"] or time.time())
    if config["state"] in ("running", "paused") and age > stuck_seconds:
        raise Unhealthy("bot_not_ready", f"the loop has not turned for {age:.0f} s")


def probe(arguments: argparse.Namespace) -> str:
    """Return what was seen: ``healthy``, or a code and its reason."""
    try:
        with contextlib.closing(Bot(arguments.port)) as bot:
            if arguments.stuck_seconds:
                check_stuck(bot, arguments.stuck_seconds)
                return "healthy"
            with open(arguments.config, encoding="utf-8") as stream:
                pairs = json.load(stream)["exchange"]["pair_whitelist"]
            try:
                check(bot, pairs)
            except Unhealthy as verdict:
                raise explain(bot, verdict) from None
    except Unhealthy as verdict:
        return str(verdict)
    except (KeyError, TypeError, ValueError):
        return "bot_not_ready the API answers in an unknown form"
    return "healthy"


def tell_once(line: str) -> None:
    """Write a changed verdict into the pod's log: Kubernetes drops a pod's events after the first 25."""
    try:
        with open(LAST_LINE, "a+", encoding="utf-8") as last:
            last.seek(0)
            if last.read() != line:
                last.truncate(0)
                last.write(line)
                with open(POD_LOG, "w", encoding="utf-8") as log:
                    log.write(line)
    except OSError:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description="Say whether the bot really trades")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--config", default="/etc/freqtrade/config.json", help="the client's configuration")
    parser.add_argument("--stuck-seconds", type=int, help="only ask whether the loop has turned since")
    arguments = parser.parse_args()
    seen = probe(arguments)
    line = f"bot-health: {seen}\n"
    sys.stdout.write(line)
    if not arguments.stuck_seconds:
        tell_once(line)
    return 0 if seen == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main())
