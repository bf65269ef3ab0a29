# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Lines that tell a person what is going on and for how long."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

from .errors import LocalPlatformError

TICK_SECONDS = 10.0
"""How often a step that still runs says so where no line can be rewritten."""
_STEPS: list[str] = []


@contextlib.contextmanager
def step(name: str, done_so_far: t.Callable[[], str] = str) -> t.Iterator[None]:
    """Print the step's name, its elapsed time while it runs, and its duration in the end.

    A step within a step takes over the moving line.

    :param done_so_far: tells how much is done; shown behind the time.
    """
    started, done = time.monotonic(), threading.Event()
    terminal = _terminal()

    def tick() -> None:
        while not done.wait(1.0 if terminal else TICK_SECONDS):
            if _STEPS[-1:] != [name]:
                continue
            line = f"  {name} … {time.monotonic() - started:.0f} s  {done_so_far()}".rstrip()
            _write(f"\r\033[K{line}" if terminal else f"{line}\n", terminal or sys.stderr)

    _STEPS.append(name)
    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    end = "failed after "
    try:
        yield
        end = ""
    finally:
        _STEPS.remove(name)
        done.set()
        thread.join()
        if terminal:
            _write("\r\033[K", terminal)
        say(f"  {name}: {end}{time.monotonic() - started:.1f} s")


def say(text: str) -> None:
    """Print one line that is no step."""
    _write(text + "\n", sys.stderr)


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


def _terminal() -> t.TextIO | None:
    """Where a line can be rewritten: standard error, or that of the nearest ancestor that has a terminal.

    Ansible shows nothing of a task until it ends; the terminal it runs in is an ancestor's.
    """
    if sys.stderr.isatty():
        return sys.stderr
    process = os.getppid()
    while process > 1:
        target = Path(f"/proc/{process}/fd/2")
        with contextlib.suppress(OSError):
            if os.readlink(target).startswith(("/dev/pts/", "/dev/tty")):
                return target.open("w", encoding="utf-8")
        try:
            process = int(
                Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            )
        except OSError:
            return None
    return None


def _write(text: str, stream: t.TextIO) -> None:
    stream.write(text)
    stream.flush()
