# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A Git repository that others reach by its URL, and may push to."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.bot_freqtrade.platform.tests.support.processes import free_port, running


@contextlib.contextmanager
def served_repository(folder: Path) -> t.Iterator[str]:
    """Serve an empty repository from ``folder``; gives its URL."""
    port = free_port()
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(folder / "gitops.git")], check=True)
    command = [
        "setpriv", "--pdeathsig", "KILL", "git", "daemon", "--export-all", "--enable=receive-pack",
        f"--base-path={folder}", "--listen=127.0.0.1", f"--port={port}", str(folder),
    ]  # fmt: skip
    with running(command, folder / "git.log", lambda: _listens(port), stop=signal.SIGTERM):
        yield f"git://127.0.0.1:{port}/gitops.git"


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


__all__ = ("served_repository",)
