# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A bare copy of a remote repository, kept between jobs and owned by one job at a time.

The copy only saves time. Whoever does not get it in a few seconds (its owner may be paused) works
in a throw-away copy; whoever finds it broken makes a new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import tempfile
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.command import (
    Deadline,
)

_CONFIGURATION = """\
[core]
\trepositoryformatversion = 0
\tbare = true
\tlogAllRefUpdates = false
\tfsync = none
[gc]
\tauto = 0
[maintenance]
\tauto = false
[fastimport]
\tunpackLimit = 1
[transfer]
\tunpackLimit = 1
"""
_LOCK_WAIT = 5.0
_MOST_PACKS = 100
"""Each commit and each fetch adds one, as loose files cost another process; a new copy is cheap."""


class Cache:
    """The directory of the copies, one per URL."""

    def __init__(self, directory: str | None, url: str) -> None:
        base = pathlib.Path(directory or default_directory())
        self._path = base / f"gitops-{hashlib.sha256(url.encode()).hexdigest()[:16]}"

    @contextlib.contextmanager
    def owned(self, deadline: Deadline) -> t.Iterator[tuple[str, int | None]]:
        """Yield a bare repository that nobody else uses meanwhile, and the descriptor of its lock."""
        descriptor = self._lock(Deadline.after(min(_LOCK_WAIT, deadline.remaining / 2)))
        if descriptor is None:
            with tempfile.TemporaryDirectory(prefix="bot-freqtrade-gitops-") as directory:
                yield create(pathlib.Path(directory) / "copy"), None
            return
        try:
            yield self._prepare(), descriptor
        finally:
            # Unlocking, unlike closing, also frees it where a child that still runs inherited it.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _lock(self, deadline: Deadline) -> int | None:
        """Return the descriptor of the lock, or None when its turn does not come in time.

        Who waits holds the turnstile meanwhile, so that nobody who comes back at once gets in before.
        """
        turnstile = _acquire(f"{self._path}.queue", deadline, pause=0.02)
        if turnstile is None:
            return None
        try:
            return _acquire(f"{self._path}.lock", deadline, pause=0.001)
        finally:
            os.close(turnstile)

    def _prepare(self) -> str:
        """Return the copy, without what a killed owner left behind in it."""
        if _is_worn(self._path):
            discard(self._path)
        if not self._path.is_dir():
            return create(self._path)
        leftovers = [*self._path.glob("*.lock"), *self._path.glob("refs/heads/**/*.lock")]
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        return str(self._path)


def _acquire(path: str, deadline: Deadline, pause: float) -> int | None:
    """Return a descriptor that locks ``path``; None at the deadline or where it cannot be written.

    Who has waited longer asks more often, so that nobody waits much longer than the others.
    """
    begin = time.monotonic()
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if deadline.remaining == 0:
                os.close(descriptor)
                return None
            time.sleep(pause / (1 + 40 * (time.monotonic() - begin)))


def create(path: pathlib.Path) -> str:
    """Make an empty bare repository that appears at ``path`` complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = pathlib.Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    for directory in ("objects/info", "objects/pack", "refs/heads"):
        (unfinished / directory).mkdir(parents=True)
    (unfinished / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
    (unfinished / "config").write_text(_CONFIGURATION, encoding="ascii")
    unfinished.rename(path)
    return str(path)


def discard(path: pathlib.Path) -> None:
    """Remove a copy; what cannot be removed is moved out of the way first."""
    with tempfile.TemporaryDirectory(dir=path.parent, ignore_cleanup_errors=True) as grave:
        with contextlib.suppress(FileNotFoundError):
            path.rename(pathlib.Path(grave) / "copy")
        shutil.rmtree(grave, ignore_errors=True)


def default_directory() -> str:
    """Return the user's cache directory for this collection."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "bot_freqtrade")


def _is_worn(path: pathlib.Path) -> bool:
    return len(list(path.glob("objects/pack/*.pack"))) > _MOST_PACKS


__all__ = ("Cache", "create", "default_directory", "discard")
