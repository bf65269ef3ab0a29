# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Start real servers for tests: on free loopback ports, ended with the test process."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import typing as t
from pathlib import Path

UNPRIVILEGED = "nobody"
PORTS = range(20000, 30000)


def free_port() -> int:
    """Return a TCP port of the loopback address that nothing listens on at this moment.

    It is none that the kernel gives to connections: such a one may be taken before the server starts.
    """
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"Of 100 ports between {PORTS[0]} and {PORTS[-1]} none is free")


def find_binary(name: str, *directories: Path) -> Path:
    """Return the path of a program, from ``directories`` or PATH; raise if there is none."""
    path = os.pathsep.join([*map(str, directories), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(f"The tests need the program {name}; looked in {path}")
    return Path(found)


def as_unprivileged() -> list[str]:
    """Return the command prefix that drops root, if there, and ends the child with its parent."""
    setpriv = [str(find_binary("setpriv")), "--pdeathsig", "KILL"]
    if os.geteuid() == 0:
        setpriv += [f"--reuid={UNPRIVILEGED}", "--regid=nogroup", "--clear-groups"]
    return setpriv


@contextlib.contextmanager
def running(
    command: list[str], log: Path, ready: t.Callable[[], bool], *, stop: signal.Signals, seconds: float = 60
) -> t.Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` until the block ends; yield once ``ready()`` is true.

    :param log: file that takes the output of the process.
    :param stop: signal that ends it.
    :param seconds: time limit of its start, and of its end.
    :raises RuntimeError: when it ends early or is not ready in time; the text has the end of its log.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _wait_until_ready(process, log, ready, seconds)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(
    process: subprocess.Popen[bytes], log: Path, ready: t.Callable[[], bool], seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = "is not ready" if process.poll() is None else f"ended with {process.returncode}"
            tail = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{process.args!r} {state}:\n{tail}")
        time.sleep(0.05)
