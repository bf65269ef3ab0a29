# SPDX-License-Identifier: GPL-3.0-or-later
"""A container as what ends runs: with its first process the kernel ends all others."""

from __future__ import annotations

import os
import signal
import time
import typing as t
from pathlib import Path

INIT: t.Final = "tini"
"""The first process of the container, which ends when its one child ends."""
HOSTS_NAMESPACE: t.Final = 0xEFFFFFFC
"""Inode of the PID namespace that a host starts with (Linux, PROC_PID_INIT_INO)."""
PAUSE_SECONDS: t.Final = 0.05
END_SECONDS: t.Final = 10.0
_PROC: t.Final = Path("/proc")


def require() -> None:
    """See that a container ends with this process, and its runs with it.

    :raises ValueError: the process is on a host, or it could end without its container.
    :raises OSError: /proc cannot be read.
    """
    if (_PROC / "self/ns/pid").stat().st_ino == HOSTS_NAMESPACE:
        raise ValueError("PLATFORM_ISOLATION=container is for containers: this process is on a host")
    first = (_PROC / "1/comm").read_text(encoding="ascii").strip()
    if first != INIT or os.getppid() != 1:
        raise ValueError(
            f"PLATFORM_ISOLATION=container needs {INIT} as the container's first process and this one as its "
            f"child; the first is {first}"
        )


def end_processes(home: str) -> int:
    """Kill every process whose environment says ``HOME=<home>``, until none is left; return how many were.

    :raises TimeoutError: the kernel does not end them.
    """
    ended: set[int] = set()
    deadline = time.monotonic() + END_SECONDS
    quiet = 0
    # A process may fork while it is looked at, so that only a second look shows the child.
    while quiet < 2:
        found = _processes(f"HOME={home}".encode())
        for number in found:
            _kill(number)
        ended |= found
        quiet = 0 if found else quiet + 1
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes of {home} do not end")
        time.sleep(PAUSE_SECONDS if found else 0)
    return len(ended)


def _processes(variable: bytes) -> set[int]:
    """Return the processes that have *variable* in their environment; one that has ended has none."""
    found = set()
    for folder in _PROC.glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if variable in variables:
            found.add(int(folder.name))
    return found - {os.getpid()}


def _kill(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        return


__all__ = ("end_processes", "require")
