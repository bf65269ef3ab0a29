# SPDX-License-Identifier: GPL-3.0-or-later
"""bot-run says why Freqtrade ended. The lines are Freqtrade 2026.9's own."""

from __future__ import annotations

import signal
import sys
import time

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES

from infra.image import bot_run

MARKETS = "freqtrade.exceptions.TemporaryError: Error in reload_markets due to"
SERVER = 'OperationalError) connection to server at "10.0.0.1", port 5432 failed:'
LINES = {
    "strategy_not_loadable": "2026-11-22 23:03:46,429 - freqtrade - ERROR - Impossible to load Strategy 'A'."
    " This class does not exist or contains Python code errors.",
    "strategy_raises": "2026-11-22 23:28:33,200 - freqtrade.strategy.strategy_wrapper - ERROR - "
    "Unexpected error ArithmeticError('x') calling <bound method ...>",
    "exchange_key_refused": f"{MARKETS} AuthenticationError. Message: binance "
    '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}',
    "exchange_unavailable": f'{MARKETS} OperationFailed. Message: binance {{"code":-1000,"msg":"..."}}',
    "database_refused": f"sqlalchemy.exc.OperationalError: (psycopg2.{SERVER} FATAL:  "
    'password authentication failed for user "cliente_001"',
    "database_unreachable": f"sqlalchemy.exc.OperationalError: (psycopg2.{SERVER} Connection refused",
    "config_invalid": "2026-11-22 23:04:15,269 - freqtrade - ERROR - Configuration error: "
    "EUR is not available as stake on Binance. Available currencies are: USDT",
    "bot_crashed": "2026-11-22 23:04:15,269 - freqtrade - ERROR - Fatal exception!",
}
EXCHANGE_AWAY = [
    "freqtrade.exceptions.DDosProtection: binance 429 TOO MANY REQUESTS {...}",
    f"{MARKETS} ExchangeNotAvailable. Message: binance GET https://...",
]


@pytest.mark.parametrize(
    ("code", "line"), [*LINES.items(), *(("exchange_unavailable", line) for line in EXCHANGE_AWAY)]
)
def test_a_line_of_the_log_stands_for_a_code(code, line):
    assert bot_run.cause(line) == code
    assert code in CODES


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22 23:03:46,429 - freqtrade - ERROR - Could not load markets, therefore cannot start.",
        "2026-11-22 23:05:46,429 - freqtrade.wallets - INFO - Wallets synced.",
    ],
)
def test_other_lines_stand_for_nothing(line):
    assert bot_run.cause(line) is None


@pytest.mark.parametrize(
    ("seen", "status", "asked", "expected"),
    [
        (None, 0, False, ("config_invalid", 78)),
        ("strategy_not_loadable", 2, False, ("strategy_not_loadable", 2)),
        (None, 1, False, ("bot_crashed", 1)),
        (None, -signal.SIGSEGV, False, ("bot_crashed", 139)),
        ("exchange_unavailable", -signal.SIGKILL, False, ("out_of_memory", 137)),
        ("exchange_unavailable", 130, True, (None, 0)),
        (None, -signal.SIGTERM, True, (None, 0)),
    ],
)
def test_the_verdict(seen, status, asked, expected):
    assert bot_run.verdict(seen, status, asked) == expected


def program(text: str) -> list[str]:
    return [sys.executable, "-u", "-c", text]


def test_the_last_telling_line_decides():
    lines = [LINES["exchange_unavailable"], LINES["config_invalid"], "a farewell"]
    assert bot_run.Freqtrade(program(f"print({chr(10).join(lines)!r})")).run() == ("config_invalid", 78)


def test_the_output_is_passed_on(capfdbinary):
    bot_run.Freqtrade(program("print('a line of the log')")).run()
    assert capfdbinary.readouterr().out == b"a line of the log\n"


def test_an_asked_end_has_no_code():
    asking = "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(30)"
    assert bot_run.Freqtrade(program(asking)).run() == (None, 0)


def test_a_process_that_stays_after_its_last_words_is_ended(monkeypatch):
    monkeypatch.setattr(bot_run, "LAST_WORDS_SECONDS", 0.2)
    started = time.monotonic()
    staying = f"import time; print({LINES['strategy_not_loadable']!r}); time.sleep(30)"
    assert bot_run.Freqtrade(program(staying)).run() == ("strategy_not_loadable", 1)
    assert time.monotonic() - started < 10


def test_each_container_starts_with_an_untold_verdict(monkeypatch, tmp_path):
    verdict, message = tmp_path / "bot-health", tmp_path / "termination-log"
    verdict.write_text("bot-health: bot_not_ready the API is not up yet\n")
    freqtrade = tmp_path / "freqtrade"
    freqtrade.write_text("#!/bin/sh\nexit 2\n")
    freqtrade.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(bot_run, "USER_DATA", str(tmp_path))
    monkeypatch.setattr(bot_run, "LAST_VERDICT", str(verdict))
    monkeypatch.setattr(bot_run, "TERMINATION_LOG", str(message))
    monkeypatch.setattr(sys, "argv", ["bot-run", "trade"])
    assert bot_run.main() == 2
    assert not verdict.exists()
    assert message.read_text() == '{"code": "bot_crashed", "exit": 2}'
