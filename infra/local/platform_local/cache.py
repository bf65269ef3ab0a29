# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Artifacts kept by content: the same inputs are built once, and an interrupted build leaves nothing."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import typing as t
from pathlib import Path

from .paths import cache_root

KEPT = 3
"""How many versions of an artifact stay: branches of a checkout, and other checkouts, come back to theirs."""


def content_hash(*parts: str | Path) -> str:
    """Sixteen hexadecimal digits that change with any text or file content given.

    A folder counts with the names and contents of all its files.
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            _add(digest, part.encode())
        elif part.is_dir():
            for file in sorted(path for path in part.rglob("*") if path.is_file() and path.suffix != ".pyc"):
                _add(digest, str(file.relative_to(part)).encode())
                _add(digest, file.read_bytes())
        else:
            _add(digest, part.read_bytes())
    return digest.hexdigest()[:16]


def ensure(name: str, key: str, build: t.Callable[[Path], None]) -> tuple[Path, bool]:
    """Return the folder ``<cache>/<name>-<key>``, built if it is not there, and whether it was built.

    :param build: fills the empty folder it is given; what it leaves behind on an error is removed.
    """
    folder = cache_root() / f"{name}-{key}"
    if folder.is_dir():
        return folder, False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder, False
        unfinished = folder.parent / f".{name}-{key}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        try:
            build(unfinished)
            unfinished.rename(folder)
            _forget(name, KEPT)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder, True


def _forget(name: str, kept: int) -> None:
    """Remove all but the newest artifacts of a name."""
    folders = [
        path
        for path in cache_root().glob(f"{name}-*")
        if re.fullmatch("[0-9a-f]{16}", path.name[len(name) + 1 :])
    ]
    for folder in sorted(folders, key=lambda path: path.stat().st_mtime)[:-kept]:
        shutil.rmtree(folder)


def _add(digest: hashlib._Hash, content: bytes) -> None:
    digest.update(len(content).to_bytes(8, "big") + content)
