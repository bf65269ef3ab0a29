# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The private place of a run, and the lock that keeps runs of one host apart."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.program import (
    Json,
    Terraform,
)

_LEFT_OUT: t.Final = shutil.ignore_patterns(
    ".terraform", "*.tfstate", "*.tfstate.*", "crash.log", "tests", "examples"
)
_POLL_SECONDS: t.Final = 0.2
_UNSAVED: t.Final = "errored.tfstate"


class Workspace:
    """A directory of this user alone, for one configuration with one backend.

    :ivar directory: a copy of the configuration, so that nothing is ever written into the original.
    :ivar run: where the plan and what else may hold values lies while the run lasts.
    """

    def __init__(self, root: pathlib.Path, terraform: Terraform) -> None:
        self.directory = root / "run" / "configuration"
        self.run = root / "run"
        self.terraform = terraform
        self._root = root

    @property
    def unsaved_state(self) -> pathlib.Path:
        """Where a state is kept that Terraform could not bring to its backend."""
        return self._root / _UNSAVED

    def write(self, path: pathlib.Path, document: Json) -> str:
        """Write JSON that only this user can read; return the path."""
        path.touch(0o600)
        path.write_text(json.dumps(document), encoding="utf-8")
        return str(path)


@contextlib.contextmanager
def workspace(
    source: pathlib.Path, root: pathlib.Path, program: str, lock_timeout: float
) -> t.Iterator[Workspace]:
    """Own the place of a configuration for the time of the block; nothing of the run is left after it.

    :param source: the configuration, which needs nothing from outside its directory.
    :param root: made if need be; readable by this user only.
    :param lock_timeout: seconds to wait for another run of this host.
    :raises PlatformError: ``usage`` without a configuration, ``state_locked`` while another run owns it.
    """
    if not list(source.glob("*.tf")):
        raise PlatformError("usage", f"{source} holds no Terraform configuration")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (root / "lock").open("w", encoding="utf-8") as lock:
        if not _locked(lock, lock_timeout):
            raise PlatformError(
                "state_locked",
                f"Another run of this host is at work on {source}. Wait until it has ended",
                lock={},
            )
        run = root / "run"
        # of a run that was killed: the lock says that it and its Terraform are gone
        _forget(run, root)
        run.mkdir(mode=0o700)
        terraform = Terraform(program, run / "configuration", root / "data", run, lock.fileno())
        try:
            shutil.copytree(source, run / "configuration", ignore=_LEFT_OUT)
            yield Workspace(root, terraform)
        finally:
            _forget(run, root)


def place(source: pathlib.Path, backend: Json, cache: str | None) -> pathlib.Path:
    """Return the place of a configuration with a backend, below the user's cache directory or ``cache``."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    base = pathlib.Path(cache) if cache else pathlib.Path(home, "bot_freqtrade", "terraform")
    identity = json.dumps([str(source.resolve()), backend], sort_keys=True)
    return base / hashlib.sha256(identity.encode()).hexdigest()[:16]


def _locked(lock: t.IO[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)


def _forget(run: pathlib.Path, root: pathlib.Path) -> None:
    """Remove the private directory, but for a state that Terraform could not save."""
    unsaved = run / "configuration" / _UNSAVED
    if unsaved.exists():
        unsaved.chmod(0o600)
        unsaved.replace(root / _UNSAVED)
    if run.exists():
        shutil.rmtree(run)


__all__ = ("Workspace", "place", "workspace")
