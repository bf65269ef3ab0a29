#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ``freqtrade`` with the given arguments, and say in one line of JSON why it ended.

The line, ``{"code": "strategy_not_loadable", "exit": 2}``, goes to the container's termination message.
Freqtrade ends with 0 on a configuration error and with 130 when it is asked to stop: here an unasked end is
never 0, and an asked one always.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading

USER_DATA = "/freqtrade/user_data"
TERMINATION_LOG = "/dev/termination-log"
LAST_VERDICT = "/tmp/bot-health"  # noqa: S108
EXIT_CONFIG = 78

# What Freqtrade logs last, after its cleanup. When it fails before its worker exists, the thread of its API
# keeps it alive for ever.
LAST_WORDS = re.compile(r" - freqtrade - (ERROR - |INFO - SIGINT received)")
LAST_WORDS_SECONDS = 10
LAST_WORDS_SECONDS_ASKED = 2

# Freqtrade refuses a user directory that it cannot create its folders in.
USER_DATA_FOLDERS = (
    "backtest_results",
    "data/binance",
    "freqaimodels",
    "hyperopt_results",
    "hyperopts",
    "logs",
    "notebooks",
    "plot",
    "strategies",
)

# The last line of the log that matches says why the bot ended.
CAUSES = [
    (code, re.compile(pattern))
    for code, pattern in (
        ("strategy_not_loadable", r"Impossible to load Strategy"),
        (
            "strategy_raises",
            r"freqtrade\.strategy.*(Unexpected error|Strategy caused the following exception)",
        ),
        ("exchange_key_refused", r"AuthenticationError|\"code\":-(2015|2014|2008|1022)\b"),
        (
            "exchange_unavailable",
            r"OperationFailed|ExchangeNotAvailable|DDosProtection|RequestTimeout|NetworkError",
        ),
        (
            "database_refused",
            r"authentication failed for|permission denied for|too many connections|InsufficientPrivilege",
        ),
        ("database_unreachable", r"sqlalchemy\.exc\.(OperationalError|InterfaceError)"),
        ("config_invalid", r"Configuration error:"),
        ("bot_crashed", r"Fatal exception!"),
    )
]


def cause(line: str) -> str | None:
    """Return the code that a line of Freqtrade's log stands for."""
    return next((code for code, pattern in CAUSES if pattern.search(line)), None)


def verdict(seen: str | None, status: int, asked: bool) -> tuple[str | None, int]:
    """Return the code (None: an asked end) and the container's exit status.

    ``seen`` is the code of the last telling line, ``status`` Freqtrade's own, negative for a signal.
    """
    if asked:
        return None, 0
    if status == -signal.SIGKILL:
        return "out_of_memory", 128 + signal.SIGKILL
    if status == 0:
        return seen or "config_invalid", EXIT_CONFIG
    return seen or "bot_crashed", status if status > 0 else 128 - status


class Freqtrade:
    """A run of Freqtrade, whose log is passed on and read line by line."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._seen: str | None = None
        self._asked = False
        self._status: int | None = None

    def run(self) -> tuple[str | None, int]:
        """Run to the end, passing signals on; return the verdict."""
        # Rich wraps lines at the terminal's width, and there is no terminal.
        environment = {**os.environ, "COLUMNS": "4000"}
        with subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        ) as process:

            def stop(number: int, _frame: object) -> None:
                self._asked = True
                process.send_signal(number)

            signal.signal(signal.SIGTERM, stop)
            signal.signal(signal.SIGINT, stop)
            self._read(process)
            status = process.wait()
        return verdict(self._seen, status if self._status is None else self._status, self._asked)

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            text = line.decode("utf-8", "replace")
            self._seen = cause(text) or self._seen
            if LAST_WORDS.search(text):
                threading.Thread(target=self._end, args=(process,), daemon=True).start()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End a process that has said its last words and stays."""
        try:
            process.wait(LAST_WORDS_SECONDS_ASKED if self._asked else LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            self._status = 1
            process.kill()


def main() -> int:
    # /tmp outlives the container, and each container's log has to hold the probe's verdict.
    with contextlib.suppress(FileNotFoundError):
        os.remove(LAST_VERDICT)
    for folder in USER_DATA_FOLDERS:
        os.makedirs(os.path.join(USER_DATA, folder), exist_ok=True)
    code, status = Freqtrade(["freqtrade", *sys.argv[1:]]).run()
    if code is not None:
        with open(TERMINATION_LOG, "w", encoding="ascii") as message:
            json.dump({"code": code, "exit": status}, message)
    return status


if __name__ == "__main__":
    sys.exit(main())
