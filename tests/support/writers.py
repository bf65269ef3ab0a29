# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Processes that write clients' values files.

``python writers.py URL CACHE CLIENT COUNT FIRST`` says ``ready``, waits for a line, commits COUNT starts
of the client, from the sequence FIRST on, and prints the seconds of each as a JSON list.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import (
    Fence,
    GitRepository,
    Request,
    transact,
)

SPECIFICATION: dict[str, t.Any] = {
    "strategy": "SampleTrend",
    "pairs": ["BTC/USDT"],
    "timeframe": "5m",
    "stake_currency": "USDT",
    "stake_amount": 100,
    "max_open_trades": 2,
    "dry_run": True,
    "dry_run_wallet": 1000,
}


def start(client: int, sequence: int) -> Request:
    """Return the request of a command's first run that starts a bot."""
    command = f"0x{client:032x}{sequence:032x}"
    specification = SPECIFICATION | {"stake_amount": sequence}
    return Request(Client(client), "started", Fence(sequence, 1), command, specification)


def decide(client: int, sequence: int) -> Request:
    """Return the request that approves it."""
    started = start(client, sequence)
    return Request(started.client, "decided", started.fence, started.command, decision="approved")


class Writer:
    """A process that commits once it is told to."""

    def __init__(self, url: str, cache_dir: pathlib.Path, client: int, count: int, first: int = 1) -> None:
        command = [sys.executable, __file__, url, str(cache_dir), str(client), str(count), str(first)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def seconds(self, timeout: float = 240) -> list[float]:
        """Return the seconds of each commit."""
        printed = self.process.communicate(timeout=timeout)[0]
        assert self.process.returncode == 0
        return t.cast("list[float]", json.loads(printed))


def main(arguments: list[str]) -> None:
    url, cache_dir = arguments[:2]
    client, count, first = map(int, arguments[2:])
    repository = GitRepository(url, cache_dir=cache_dir, timeout=120)
    print("ready", flush=True)
    sys.stdin.readline()
    seconds = []
    for sequence in range(first, first + count):
        begin = time.monotonic()
        transact(repository, start(client, sequence))
        seconds.append(time.monotonic() - begin)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(sys.argv[1:])
