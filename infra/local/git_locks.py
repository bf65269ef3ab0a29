# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Removes the locks that killed pushes left in a repository of this host.

A Git server outlives its clients. Here a push's far side dies with the run that pushes, and a lock that it
held would keep everybody from pushing. A lock is left over when it is old and no process works in the
repository: one that was only paused still does.

Run ``python infra/local/git_locks.py /path/to/repository.git``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from pathlib import Path

STALE_SECONDS = 15.0
"""Age of a lock, which Git needs for milliseconds, from which it may be left over."""
EVERY_SECONDS = 3.0


def left_over(repository: Path, now: float) -> list[Path]:
    """Locks that nobody holds any more.

    :param repository: a bare repository.
    :param now: Unix time in seconds.
    """
    locks = [*repository.glob("*.lock"), *(repository / "refs").rglob("*.lock")]
    old = [path for path in locks if is_older(path, now - STALE_SECONDS)]
    return old if old and not is_worked_in(repository) else []


def is_older(path: Path, moment: float) -> bool:
    """Whether a file was last changed before a moment; no when it has gone."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime < moment
    return False


def is_worked_in(folder: Path) -> bool:
    """Whether a process has its working directory in a folder, as what receives a push has."""
    place = folder.stat()
    for process in Path("/proc").glob("[0-9]*"):
        # By device and number: a sandbox has other paths. One that root may not look at is no push.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if os.path.samestat(place, (process / "cwd").stat()):
                return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repository", type=Path, help="a bare repository")
    repository = parser.parse_args().repository
    while True:
        if repository.is_dir():
            for lock in left_over(repository, time.time()):
                lock.unlink(missing_ok=True)
                print(f"removed {lock}: its push was killed", flush=True)
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main()
