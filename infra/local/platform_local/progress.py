# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Lines that tell a person what is going on and for how long."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

from .errors import LocalPlatformError

TICK_SECONDS = 10.0
"""How often a step that still runs says so where no cursor can be moved."""


@contextlib.contextmanager
def step(name: str) -> t.Iterator[None]:
    """Print the step's name, its elapsed time while it runs, and its duration in the end."""
    started, done = time.monotonic(), threading.Event()
    live = sys.stderr.isatty()

    def tick() -> None:
        while not done.wait(1.0 if live else TICK_SECONDS):
            elapsed = time.monotonic() - started
            _write(f"\r  {name} … {elapsed:.0f} s" if live else f"  {name} … {elapsed:.0f} s\n")

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        _finish(done, thread, live)
        _write(f"  {name}: failed after {time.monotonic() - started:.1f} s\n")
        raise
    _finish(done, thread, live)
    _write(f"  {name}: {time.monotonic() - started:.1f} s\n")


def say(text: str) -> None:
    """Print one line that is no step."""
    _write(text + "\n")


def run(arguments: t.Sequence[str | Path], log: Path, **options: t.Any) -> None:
    """Run a program to its end with its output appended to a log.

    :raises LocalPlatformError: when it fails; the text names the log and shows its last lines.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(
            [str(argument) for argument in arguments],
            check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options,
        )  # fmt: skip
    if done.returncode:
        program = Path(arguments[0]).name
        raise LocalPlatformError(f"{program} ended with {done.returncode}; read {log}:\n{tail(log)}")


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log; empty when there is none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _finish(done: threading.Event, thread: threading.Thread, live: bool) -> None:
    done.set()
    thread.join()
    if live:
        _write("\r\033[K")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
