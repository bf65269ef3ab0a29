# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Several processes, or one that is killed or paused, on one GitOps repository."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import (
    GitRepository,
    transact,
)
from ansible_collections.bot_freqtrade.platform.tests.support import writers
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import Origin
from ansible_collections.bot_freqtrade.platform.tests.support.writers import Writer

WRITERS = 8
ROUNDS = 25
PATH = "clientes/cliente-001/values.yaml"
TRAILER = "%(trailers:key=Platform-{},valueonly,separator=)"
TRANSITION = f"{TRAILER.format('Sequence')}/{TRAILER.format('Transition')}"


@pytest.fixture
def origin(tmp_path: pathlib.Path) -> Origin:
    return Origin.create(tmp_path / "origin")


@pytest.mark.parametrize(("caches", "count"), [("one", 25), ("{client}", 5)], ids=["one host", "a host each"])
def test_nothing_of_eight_writers_is_lost(
    origin: Origin, tmp_path: pathlib.Path, caches: str, count: int
) -> None:
    clients = range(1, WRITERS + 1)
    running = [
        Writer(origin.url, tmp_path / caches.format(client=client), client, count) for client in clients
    ]
    for writer in running:
        writer.wait_until_ready()
    for writer in running:
        writer.go()
    assert [len(writer.seconds()) for writer in running] == [count] * WRITERS
    assert len(origin.log()) == 1 + WRITERS * count
    assert all(len(parents.split()) == 1 for parents in origin.log("%P")[:-1])
    for client in clients:
        path = f"clientes/cliente-{client:03d}/values.yaml"
        assert origin.log(TRANSITION, path) == [f"{number}/started" for number in range(count, 0, -1)]
        assert f"stakeAmount: {count}\n" in origin.read(path)


def test_a_killed_writer_repeats_with_one_commit_per_transition(
    origin: Origin, tmp_path: pathlib.Path
) -> None:
    """Every other kill leaves git's own processes running, as the end of only the parent does."""
    randomness = random.Random(3)
    cache = tmp_path / "cache"
    repository = GitRepository(origin.url, cache_dir=str(cache))
    for sequence in range(1, ROUNDS + 1):
        writer = Writer(origin.url, cache, 1, 1, first=sequence)
        writer.wait_until_ready()
        writer.go()
        time.sleep(randomness.uniform(0, 0.08))
        orphans = descendants(writer.process.pid)
        kill([writer.process.pid, *(orphans if sequence % 2 else [])])
        writer.process.communicate()
        transact(repository, writers.start(1, sequence))
    assert origin.log(TRANSITION, PATH) == [f"{number}/started" for number in range(ROUNDS, 0, -1)]


def descendants(pid: int) -> list[int]:
    """Return the processes that ``pid`` started, and those that they did."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid for child in map(int, children) for pid in (child, *descendants(child))]


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_writer_that_wakes_up_late_changes_nothing(origin: Origin, tmp_path: pathlib.Path) -> None:
    """The hook pauses the first push until a newer command has been committed from another host."""
    late, other = (GitRepository(origin.url, cache_dir=str(tmp_path / name)) for name in ("late", "other"))
    transact(late, writers.start(1, 1))
    told = tmp_path / "told"
    hook = origin.bare / "hooks" / "pre-receive"
    hook.write_text(
        f"#!/bin/sh\ntest -e {told} && exit 0\necho $$ > {told}\nkill -STOP $$\n", encoding="ascii"
    )
    hook.chmod(0o755)
    command = [sys.executable, "-c", LATE, origin.url, str(tmp_path / "late")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as paused:
        pid = stopped_process(told)
        transact(other, writers.start(1, 2))
        os.kill(pid, signal.SIGCONT)
        printed = paused.communicate(timeout=60)[0]
    assert printed == "fence_stale\n"
    assert origin.log(TRANSITION, PATH) == ["2/started", "1/started"]


LATE = """
import dataclasses
import sys
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import GitRepository, transact
from ansible_collections.bot_freqtrade.platform.tests.support import writers
try:
    request = dataclasses.replace(writers.start(1, 1), transition="stopped", specification=None)
    transact(GitRepository(sys.argv[1], cache_dir=sys.argv[2]), request)
except PlatformError as error:
    print(error.code)
"""


def stopped_process(told: pathlib.Path) -> int:
    """Wait for the process that wrote its id to ``told`` and stopped itself."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int(told.read_text("ascii"))
            if pathlib.Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] == "T":
                return pid
        time.sleep(0.02)
    raise AssertionError("the hook did not stop")
