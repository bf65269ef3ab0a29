# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of the listener as the processes they are, ended with the test, or by a SIGKILL of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]

CONTAINER = (
    "bwrap", "--unshare-pid", "--as-pid-1", "--die-with-parent", "--dev-bind", "/", "/", "--proc", "/proc",
)  # fmt: skip
"""Runs a program as the first process of a PID namespace, as a container does."""

CRASH = """
import importlib, os, signal, sys
place, moment, number = sys.argv[1:4]
module, _, path = place.partition(":")
*parts, name = path.split(".")
owner = importlib.import_module(module)
for part in parts:
    owner = getattr(owner, part)
true, calls = getattr(owner, name), 0
def crash(*arguments, **options):
    global calls
    calls += 1
    dies = calls == int(number)
    if dies and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = true(*arguments, **options)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(owner, name, crash)
from flask.cli import main
sys.argv = ["flask", "--app", "listener", *sys.argv[4:]]
main()
"""
"""Runs a role that kills itself before or after the n-th call of a function (``module:Class.name``)."""


class Role:
    """A running role and its log."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        """Everything it wrote."""
        return self._log.read_text(errors="replace")

    @property
    def contained(self) -> psutil.Process:
        """The role inside its container, apart from the first process there."""
        (first,) = psutil.Process(self.process.pid).children()
        (inside,) = first.children()
        return inside

    def wait(self, seconds: float = 60) -> int:
        """Return its exit code; negative for a signal."""
        return self.process.wait(seconds)

    def terminate(self) -> int:
        """Ask it, once it has started, to end; return its exit code."""
        eventually(lambda: '"event": "started"' in self.log or self.process.poll() is not None)
        self.process.terminate()
        return self.wait()


@contextlib.contextmanager
def running_role(role: str, environment: Mapping[str, str], folder: Path) -> Iterator[Role]:
    """Run ``flask --app listener <role>`` with the ``PLATFORM_`` variables of ``environment``."""
    command = [sys.executable, "-m", "flask", "--app", "listener", role]
    with _running(command, role, environment, folder) as running:
        yield running


@contextlib.contextmanager
def contained_role(role: str, environment: Mapping[str, str], folder: Path) -> Iterator[Role]:
    """Run a role as its image does: the one child of tini, which is the first process of a container."""
    command = [*CONTAINER, "tini", "--", sys.executable, "-m", "flask", "--app", "listener", role]
    with _running(command, role, environment, folder) as running:
        yield running


@contextlib.contextmanager
def crashing_role(
    role: str, place: str, moment: str, environment: Mapping[str, str], folder: Path, *, number: int = 1
) -> Iterator[Role]:
    """Run a role that dies of SIGKILL ``moment`` ("before" or "after") its call ``number`` of ``place``."""
    command = [sys.executable, "-c", CRASH, place, moment, str(number), role]
    with _running(command, role, environment, folder) as running:
        yield running


@contextlib.contextmanager
def _running(command: list[str], role: str, environment: Mapping[str, str], folder: Path) -> Iterator[Role]:
    log = folder / f"{role}-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Role(process, log)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def eventually(condition: Callable[[], bool], seconds: float = 60, what: str = "") -> None:
    """Wait until ``condition()`` is true; fail the test after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.05)
