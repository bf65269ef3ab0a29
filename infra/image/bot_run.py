#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ``freqtrade`` with the given arguments, and say in one line of JSON why it ended.

The line, ``{"code": "strategy_not_loadable", "exit": 2}``, goes to the container's termination message.
Freqtrade ends with 0 on a configuration error and with 130 when it is asked to stop: here an unasked end is
never 0, and an asked one always.
"""

import json
import os
import re
import signal
import subprocess
import sys

USER_DATA = "/freqtrade/user_data"
TERMINATION_LOG = "/dev/termination-log"
EXIT_CONFIG = 78

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


def run(command: list[str]) -> tuple[str | None, int]:
    """Run ``command``, pass its output on line by line and stop signals down; return its verdict."""
    asked = False
    seen = None
    # Rich wraps lines at the terminal's width, and there is no terminal.
    environment = {**os.environ, "COLUMNS": "4000"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)

    def stop(number: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        process.send_signal(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        seen = cause(line.decode("utf-8", "replace")) or seen
    return verdict(seen, process.wait(), asked)


def main() -> int:
    for folder in USER_DATA_FOLDERS:
        os.makedirs(os.path.join(USER_DATA, folder), exist_ok=True)
    code, status = run(["freqtrade", *sys.argv[1:]])
    if code is not None:
        with open(TERMINATION_LOG, "w", encoding="ascii") as message:
            json.dump({"code": code, "exit": status}, message)
    return status


if __name__ == "__main__":
    sys.exit(main())
