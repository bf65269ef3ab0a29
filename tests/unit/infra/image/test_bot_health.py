# SPDX-License-Identifier: GPL-3.0-or-later
"""bot-health is asked about a bot whose API answers as Freqtrade 2026.9 does."""

from __future__ import annotations

import base64
import http.server
import json
import resource
import subprocess
import sys
import threading
import time
import typing as t
import urllib.parse
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES

from infra.image import bot_health

MINUTE = 60
LENGTH_MS = 5 * MINUTE * 1000
USER, PASSWORD = "bot", "password-of-a-test"
RAISES = (
    "freqtrade.strategy.interface",
    "WARNING",
    "Unable to analyze candle (OHLCV) data for pair BTC/USDT: oops",
)
EXCHANGE_503 = (
    "freqtrade.exchange.common",
    "WARNING",
    'fetch_l2_order_book() returned exception: "Could not get order book due to OperationFailed. ..."',
)
KEY_REFUSED = (
    "freqtrade.exchange.common",
    "WARNING",
    'get_balances() returned exception: "Could not get balance due to AuthenticationError. ..."',
)
HARMLESS = ("freqtrade.exchange.exchange", "INFO", "Recovered from OperationFailed")


def candles_ago(count: int) -> int:
    """Opening time in ms of the candle so many before the open one."""
    return int(time.time() * 1000 // LENGTH_MS - count) * LENGTH_MS


class FakeBot:
    """The API of a bot; its attributes are what the bot is."""

    def __init__(self) -> None:
        self.state = "running"
        self.last_process_ts: float | None = time.time()
        self.whitelist = ["BTC/USDT", "ETH/USDT"]
        self.last_candle = {
            pair: int(time.time() * 1000 // LENGTH_MS - 1) * LENGTH_MS for pair in self.whitelist
        }
        self.logs: list[tuple[float, tuple[str, str, str]]] = []
        self.silent = threading.Event()
        self.broken: set[str] = set()
        self.port = 0

    def say(self, entry: tuple[str, str, str], seconds_ago: float = 1) -> None:
        self.logs.append((time.time() - seconds_ago, entry))

    def answer(self, path: str, query: dict[str, list[str]]) -> t.Any:
        match path.removeprefix("/api/v1/"):
            case "show_config":
                return {"state": self.state, "timeframe": "5m", "timeframe_ms": LENGTH_MS}
            case "health":
                return {"last_process_ts": self.last_process_ts}
            case "whitelist":
                return {"whitelist": self.whitelist}
            case "pair_candles":
                return {"data_stop_ts": self.last_candle.get(query["pair"][0], 0)}
            case "logs":
                return {"logs": [["", at * 1000, *entry] for at, entry in self.logs]}
        raise AssertionError(path)


@pytest.fixture(name="bot")
def _bot(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[FakeBot]:
    bot = FakeBot()
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            if bot.silent.is_set():
                time.sleep(1)
            status = 401 if self.headers["Authorization"] != expected else 200
            status = 500 if url.path.rpartition("/")[2] in bot.broken else status
            body = json.dumps(bot.answer(url.path, urllib.parse.parse_qs(url.query)) if status == 200 else {})
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments: t.Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bot.port = server.server_address[1]
    monkeypatch.setenv("FREQTRADE__API_SERVER__USERNAME", USER)
    monkeypatch.setenv("FREQTRADE__API_SERVER__PASSWORD", PASSWORD)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield bot
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(name="ask")
def _ask(
    bot: FakeBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> t.Callable[..., str]:
    """Run the probe and return what it printed after ``bot-health: ``."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"exchange": {"pair_whitelist": ["BTC/USDT", "ETH/USDT"]}}))
    monkeypatch.setattr(bot_health, "LAST_LINE", str(tmp_path / "last"))
    monkeypatch.setattr(bot_health, "POD_LOG", str(tmp_path / "log"))

    def ask(*options: str) -> str:
        arguments = ["bot-health", "--port", str(bot.port), "--config", str(config), *options]
        monkeypatch.setattr(sys, "argv", arguments)
        status = bot_health.main()
        output = capsys.readouterr().out
        assert output.startswith("bot-health: ")
        assert output.count("\n") == 1
        seen = output.removeprefix("bot-health: ").rstrip("\n")
        assert (status == 0) == (seen == "healthy")
        assert seen == "healthy" or seen.split()[0] in CODES
        return seen

    return ask


def test_a_bot_that_trades_is_healthy(ask):
    assert ask() == "healthy"


def test_without_an_api_the_bot_is_not_ready(bot, ask):
    bot.port = 1
    assert ask() == "bot_not_ready the API is not up yet"


@pytest.mark.parametrize("state", ["stopped", "paused", "reload_config", ""])
def test_another_state_than_running_is_not_ready(bot, ask, state):
    bot.state = state
    assert ask() == f"bot_not_ready state is {state or 'unknown'}"


def test_a_loop_that_never_turned_is_not_ready(bot, ask):
    bot.last_process_ts = None
    assert ask() == "bot_not_ready the loop has not turned yet"


def test_a_loop_that_stands_still_is_not_ready(bot, ask):
    bot.last_process_ts = time.time() - 31
    assert ask().startswith("bot_not_ready the loop has not turned for 31")


def test_a_pair_that_the_exchange_does_not_know_is_a_wrong_configuration(bot, ask):
    bot.whitelist = ["BTC/USDT"]
    assert ask() == "config_invalid the exchange does not trade ETH/USDT"


@pytest.mark.parametrize("ago", [3, 1000])
def test_each_pair_needs_a_recently_analysed_candle(bot, ask, ago):
    bot.last_candle["ETH/USDT"] = candles_ago(ago)
    assert ask() == "bot_not_ready ETH/USDT has no recently analysed candle"


@pytest.mark.parametrize(
    ("seconds_into_candle", "oldest"),
    [(1, -2), (59, -2), (61, -1), (299, -1)],
)
def test_a_bot_has_a_minute_to_analyse_the_candle_that_has_just_closed(seconds_into_candle, oldest):
    opened = 1_000 * LENGTH_MS
    now_ms = opened + seconds_into_candle * 1000
    assert bot_health.oldest_candle(LENGTH_MS, now_ms) == opened + oldest * LENGTH_MS


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (RAISES, "strategy_raises"),
        (EXCHANGE_503, "exchange_unavailable"),
        (KEY_REFUSED, "exchange_key_refused"),
    ],
)
def test_the_log_names_the_cause(bot, ask, entry, code):
    bot.last_candle["BTC/USDT"] = 0
    bot.say(entry)
    bot.say(HARMLESS)
    assert ask() == f"{code} BTC/USDT has no recently analysed candle"


def test_the_newest_cause_wins(bot, ask):
    bot.last_candle["BTC/USDT"] = 0
    bot.say(RAISES, seconds_ago=20)
    bot.say(EXCHANGE_503, seconds_ago=2)
    assert ask().startswith("exchange_unavailable")


def test_an_old_cause_counts_no_more(bot, ask):
    bot.last_candle["BTC/USDT"] = 0
    bot.say(RAISES, seconds_ago=120)
    assert ask().startswith("bot_not_ready")


def test_a_cause_in_the_log_of_a_bot_that_trades_is_none(bot, ask):
    bot.say(EXCHANGE_503)
    assert ask() == "healthy"


def test_refused_credentials_are_not_ready_and_not_printed(ask, monkeypatch):
    monkeypatch.setenv("FREQTRADE__API_SERVER__PASSWORD", "another-password")
    assert ask() == "bot_not_ready the API answers 401 to show_config"


def test_a_broken_database_is_not_ready(bot, ask):
    bot.broken = {"health"}
    assert ask() == "bot_not_ready the API answers 500 to health"


def test_an_api_that_hangs_is_not_ready_in_time(bot, ask, monkeypatch):
    monkeypatch.setattr(bot_health, "ANSWER_SECONDS", 0.2)
    bot.silent.set()
    assert ask() == "bot_not_ready the API does not answer"


def test_the_log_of_the_pod_gets_changed_verdicts_only(bot, ask, tmp_path):
    ask()
    assert (tmp_path / "log").read_text() == "bot-health: healthy\n"
    (tmp_path / "log").write_text("")
    ask()
    assert (tmp_path / "log").read_text() == ""
    bot.state = "stopped"
    ask()
    assert (tmp_path / "log").read_text() == "bot-health: bot_not_ready state is stopped\n"


def test_only_a_loop_that_is_stuck_for_long_is_started_again(bot, ask):
    bot.last_process_ts = time.time() - 100
    bot.last_candle["BTC/USDT"] = 0
    assert ask("--stuck-seconds", "120") == "healthy"
    bot.last_process_ts = time.time() - 130
    assert ask("--stuck-seconds", "120").startswith("bot_not_ready the loop has not turned for 130")
    bot.state = "stopped"
    assert ask("--stuck-seconds", "120") == "healthy"


def processor_seconds(command: list[str | Path]) -> float:
    """Processor time of five runs of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(5):
        subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_probe_costs_few_starts_of_an_interpreter(bot, tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"exchange": {"pair_whitelist": ["BTC/USDT", "ETH/USDT"]}}))
    python: list[str | Path] = [sys.executable, "-ISE"]
    probe = [*python, Path(bot_health.__file__), "--port", str(bot.port), "--config", config]
    assert processor_seconds(probe) < 8 * processor_seconds([*python, "-c", "pass"])
