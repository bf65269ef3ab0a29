# SPDX-License-Identifier: GPL-3.0-or-later
"""The private folders of runs, on tmpfs: each worker has one, each of its jobs has one in it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import typing as t
from pathlib import Path

from .interface import Work

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WORKER: t.Final = "worker-"
_RECORD: t.Final = "works.json"


class Workspace:
    """The folder of one worker, locked as long as its process lives.

    :param directory: where the folders of all workers of this host are.
    :raises OSError: the folder cannot be made.
    """

    def __init__(self, directory: Path, owner: str) -> None:
        self._base = directory.resolve()
        self._folder = self._base / f"{_WORKER}{owner}"
        self._folder.mkdir(mode=0o700)
        self._lock = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @property
    def cache(self) -> Path:
        """A folder that the runs of all workers share; nothing in it is needed."""
        folder = self._base / "cache"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @contextlib.contextmanager
    def job(self, number: int, works: Sequence[Work]) -> Iterator[Path]:
        """Make a job's folder (0700) with a record of its works, and remove it in the end."""
        folder = self._folder / str(number)
        folder.mkdir(mode=0o700)
        try:
            record = [
                {
                    "id": work.id,
                    "client": work.client,
                    "attempt": work.attempt,
                    "operation": work.operation,
                }
                for work in works
            ]
            (folder / _RECORD).write_text(json.dumps(record), encoding="ascii")
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def abandoned(self) -> Iterator[tuple[str, Path, list[Work]]]:
        """Yield owner, folder and works of each job of a dead worker; then remove that worker's folder."""
        for folder in sorted(self._base.glob(f"{_WORKER}*")):
            with _taken(folder) as dead:
                if not dead:
                    continue
                for record in sorted(folder.glob(f"*/{_RECORD}")):
                    owner = folder.name.removeprefix(_WORKER)
                    yield owner, record.parent, _read(record)
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove the worker's folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)


def _read(record: Path) -> list[Work]:
    """Return the works of a record, without their variables; none when its writer died over it."""
    try:
        return [Work(**item, variables={}) for item in json.loads(record.read_text(encoding="ascii"))]
    except (OSError, ValueError, TypeError):
        return []


@contextlib.contextmanager
def _taken(folder: Path) -> Iterator[bool]:
    """Lock a worker's folder for the block; False when its worker lives."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


__all__ = ("Workspace",)
