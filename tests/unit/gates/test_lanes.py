# SPDX-License-Identifier: GPL-3.0-or-later
"""Lanes of tests end together: all pass, or the first failure or signal ends the others in order."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

LANES = pathlib.Path(__file__).parents[2] / "gates" / "lanes.py"
MAKE = """#!/usr/bin/env bash
echo "told by $1"
echo "$PPID" >"$1.lane"
echo "$LOCAL_PLATFORM_BESIDE" >"$1.beside"
case $1 in
  fails) exit 3 ;;
  meets) until [ -e waits.began ]; do sleep 0.1; done ;;
  waits) trap 'sleep 0.5; echo "took it down"; exit 1' INT; touch waits.began; while :; do sleep 0.1; done ;;
  stubborn) trap '' INT; touch stubborn.began; sleep 300 ;;
  leaves) (trap '' INT; exec setsid sleep 300) & echo "$!" >left ;;
esac
"""


class Lanes:
    """The program under test, with a ``make`` whose targets are played."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        program = folder / "make"
        program.write_text(MAKE)
        program.chmod(0o755)

    def start(
        self, *lanes: str, every: float = 60, patience: float = 20, flags: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        options = [*flags, f"--logs={self.folder / 'logs'}", f"--every={every}", f"--patience={patience}"]
        return subprocess.Popen(
            [sys.executable, LANES, *options, *lanes],
            cwd=self.folder,
            env=os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *lanes: str, **options: Any) -> tuple[int, str]:
        """Run lanes to their end; return the status and what was told."""
        with self.start(*lanes, **options) as process:
            told = process.communicate(timeout=60)[0]
        return process.returncode, told

    def number(self, name: str) -> int:
        return int((self.folder / name).read_text())

    def await_file(self, name: str) -> None:
        end = time.monotonic() + 30
        while not (self.folder / name).exists():
            assert time.monotonic() < end, f"{name} did not come"
            time.sleep(0.05)


@pytest.fixture
def lanes(tmp_path: pathlib.Path) -> Iterator[Lanes]:
    """No lane's process may be left after a test."""
    lanes = Lanes(tmp_path)
    yield lanes
    for file in tmp_path.glob("*.lane"):
        with pytest.raises(ProcessLookupError):
            os.killpg(int(file.read_text()), 0)


def test_all_lanes_pass_and_tell_what_they_did(lanes: Lanes) -> None:
    status, told = lanes.run("one two", "three four")
    assert status == 0
    for target in ("one", "two", "three", "four"):
        assert told.count(f"told by {target}\n") == 1
    assert (lanes.folder / "logs/three.log").read_text().splitlines()[-1] == "told by four"


def test_targets_of_a_lane_run_in_order_until_one_fails(lanes: Lanes) -> None:
    status, told = lanes.run("one", "two fails three")
    assert status == 1
    assert "told by fails" in told
    assert "told by three" not in told
    assert re.search(r"lanes: fails \(0 min\) FAILED", told)


@pytest.mark.parametrize("order", [("waits", "fails"), ("fails", "waits")])
def test_a_failure_ends_the_other_lane_in_order(lanes: Lanes, order: tuple[str, str]) -> None:
    targets = {"waits": "waits never", "fails": "meets fails"}
    status, told = lanes.run(*(targets[name] for name in order))
    assert status == 1
    assert "told by never" not in told
    log = lanes.folder / "logs" / "waits.log"
    assert "took it down" in (log.read_text() if log.exists() else told)
    assert told.index("FAILED") < told.index("ending waits")


def test_all_targets_run_when_told_to_keep_going(lanes: Lanes) -> None:
    status, told = lanes.run("one fails two", "three", "fails four", flags=("--keep-going",))
    assert status == 1
    for target in ("one", "two", "three", "four"):
        assert told.count(f"told by {target}\n") == 1
    assert told.count("fails FAILED") == 2
    assert "ending" not in told


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_lanes_in_order(lanes: Lanes, number: signal.Signals, status: int) -> None:
    with lanes.start("waits", "stubborn", patience=2) as process:
        lanes.await_file("waits.began")
        lanes.await_file("stubborn.began")
        process.send_signal(number)
        time.sleep(0.2)
        process.send_signal(number)  # whoever is impatient does not stop the taking down
        told = process.communicate(timeout=60)[0]
    assert process.returncode == status
    assert "took it down" in told


def test_what_a_lane_leaves_is_ended(lanes: Lanes) -> None:
    assert lanes.run("one", "leaves")[0] == 0
    with pytest.raises(ProcessLookupError):
        os.kill(lanes.number("left"), 0)


def test_a_line_says_what_runs_meanwhile(lanes: Lanes) -> None:
    with lanes.start("one", "two waits", every=0.5) as process:
        lanes.await_file("waits.began")
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[0]
    assert re.search(r"^\[[\d:]+\] lanes: waits \(0 min\)$", told, re.MULTILINE)


def test_the_first_lane_knows_which_processes_run_beside_it(lanes: Lanes) -> None:
    assert lanes.run("one", "two", "three")[0] == 0
    beside = set((lanes.folder / "one.beside").read_text().split())
    assert beside == {str(lanes.number(f"{name}.lane")) for name in ("two", "three")}
