# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Unprivileged users that exist inside the platform only."""

from __future__ import annotations

import dataclasses
import os
import pwd
from pathlib import Path

from .errors import LocalPlatformError


@dataclasses.dataclass(frozen=True)
class User:
    """A user with a group of the same name and number."""

    name: str
    number: int

    def own(self, folder: Path) -> Path:
        """Make a folder that only this user may enter."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        os.chown(folder, self.number, self.number)
        return folder

    def passwd(self) -> str:
        return f"{self.name}:x:{self.number}:{self.number}::/nonexistent:/usr/sbin/nologin\n"

    def group(self) -> str:
        return f"{self.name}:x:{self.number}:\n"


POSTGRES = User("bfp-postgres", 58771)
LISTENER = User("bfp-listener", 58772)
DISPATCH = User("bfp-dispatch", 58773)
MONITOR = User("bfp-monitor", 58774)
USERS = (POSTGRES, LISTENER, DISPATCH, MONITOR)


def write_databases(folder: Path) -> None:
    """Write ``passwd`` and ``group``: the host's with :data:`USERS` added.

    :raises LocalPlatformError: when a number is taken on this host.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken = {entry.pw_uid: entry.pw_name for entry in pwd.getpwall()}
    for user in USERS:
        if user.number in taken:
            raise LocalPlatformError(f"User id {user.number} belongs to {taken[user.number]} on this host")
    for name, lines in (("passwd", User.passwd), ("group", User.group)):
        content = Path("/etc", name).read_text(encoding="utf-8")
        own = "".join(map(lines, USERS))
        (folder / name).write_text(f"{content.rstrip()}\n{own}", encoding="utf-8")
