# SPDX-License-Identifier: GPL-3.0-or-later
"""A killed push's lock goes, and with it the end of all pushing; one that somebody holds stays."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.git_locks import STALE_SECONDS, left_over

LATER = STALE_SECONDS + 1


@pytest.fixture(name="repository")
def _repository(tmp_path: Path) -> Path:
    path = tmp_path / "gitops.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True)
    return path


@pytest.fixture(name="receiver")
def _receiver(repository: Path) -> Iterator[subprocess.Popen[bytes]]:
    """What receives a push, paused while it works in the repository."""
    with subprocess.Popen(
        ["git", "receive-pack", repository], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.read(4)  # it has entered the repository
        os.kill(process.pid, signal.SIGSTOP)
        yield process
        process.kill()


def test_an_old_lock_that_nobody_holds_is_left_over(repository: Path) -> None:
    locks = [repository / "HEAD.lock", repository / "refs/heads/main.lock"]
    for lock in locks:
        lock.touch()
    assert left_over(repository, time.time() + LATER) == locks


def test_a_young_lock_is_not_left_over(repository: Path) -> None:
    (repository / "refs/heads/main.lock").touch()
    assert left_over(repository, time.time()) == []


def test_a_lock_is_not_left_over_while_a_paused_push_may_hold_it(
    repository: Path, receiver: subprocess.Popen[bytes]
) -> None:
    lock = repository / "refs/heads/main.lock"
    lock.touch()
    assert left_over(repository, time.time() + LATER) == []
    receiver.kill()
    receiver.wait()
    assert left_over(repository, time.time() + LATER) == [lock]


def test_what_is_no_lock_stays(repository: Path) -> None:
    assert left_over(repository, time.time() + LATER) == []
