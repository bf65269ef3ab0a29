# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends with a container, and what ends of a run whose ansible-playbook was killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from listener.executors import container
from tests.support.roles import CONTAINER, REPOSITORY, eventually

REQUIRE = "from listener.executors import container; container.require()"


def contained(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the first process of a container."""
    return subprocess.run(
        [*CONTAINER, *command], check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=60
    )


def test_a_process_on_the_host_is_refused() -> None:
    with pytest.raises(ValueError, match="PLATFORM_ISOLATION=container"):
        container.require()


def test_the_child_of_a_containers_first_process_may_run() -> None:
    done = contained("tini", "--", sys.executable, "-c", REQUIRE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "around",
    [
        pytest.param(["sh", "-c", '"$@"; exit $?', "sh"], id="another first process"),
        pytest.param(["tini", "--", "sh", "-c", '"$@"; exit $?', "sh"], id="a grandchild of the first"),
    ],
)
def test_a_process_that_its_container_outlives_is_refused(around: list[str]) -> None:
    done = contained(*around, sys.executable, "-c", REQUIRE)
    assert done.returncode == 1
    assert "ValueError: PLATFORM_ISOLATION=container needs tini" in done.stderr


def test_processes_of_a_run_are_ended_wherever_they_went(tmp_path: Path) -> None:
    script = "setsid sh -c 'trap \"\" HUP TERM; sleep 300; true' & setsid sleep 300 & sleep 300"
    own, other = tmp_path / "own", tmp_path / "other"
    started = [
        subprocess.Popen(["sh", "-c", script], env={"HOME": str(home), "PATH": "/usr/bin:/bin"})
        for home in (own, other)
    ]
    try:
        eventually(lambda: all(len(_sleepers(home)) == 3 for home in (own, other)), 10)
        assert container.end_processes(str(own)) >= 5
        assert _sleepers(own) == []
        assert len(_sleepers(other)) == 3
    finally:
        for home in (own, other):
            container.end_processes(str(home))
        for process in started:
            process.wait()


def test_nothing_to_end_takes_no_time(tmp_path: Path) -> None:
    began = time.monotonic()
    assert container.end_processes(str(tmp_path)) == 0
    assert time.monotonic() - began < 2


def _sleepers(home: Path) -> list[int]:
    """Processes ``sleep`` with that home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "sleep" and process.environ().get("HOME") == str(home):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
