# SPDX-License-Identifier: GPL-3.0-or-later
"""A run without an outcome is run again and never rolled back; past its deadline it is undecided."""

from __future__ import annotations

import os
import pathlib
import signal
from collections.abc import Callable

import pytest
import yaml

from tests.e2e.live import Live, eventually
from tests.e2e.machine import DISPATCH, Machine, arguments, descendants
from tests.e2e.story import STOP, start
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(900)

DETECTED_SECONDS = 240
"""Less than the limit of a run: the end of a process is noticed, not waited for."""
VICTIMS: dict[str, Callable[[list[list[str]]], int | None]] = {
    # A module comes by standard input, so its process is a Python without arguments.
    "its module": lambda lines: _last(lines, lambda words: len(words) == 1 and "python" in words[0]),
    "its playbook": lambda lines: next(iter(_playbooks(lines)), None),
    "a worker of its playbook": lambda lines: next(iter(_playbooks(lines)[1:]), None),
}


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_start_runs_again_after_a_kill_of(
    victim: str, live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    sent = live.send(client, start("SampleTrend"))
    trail.await_stage(sent.id, "committed")
    number = eventually(lambda: _find(machine, VICTIMS[victim]), f"a process of {victim}", 60, 0.02)
    os.kill(number, signal.SIGKILL)
    trail.decided_once(sent, seconds=DETECTED_SECONDS)
    assert trail.row(sent.id)["attempt"] >= 2
    assert not [step for step in trail.commits(sent.id) if step[1] == "restored"]
    trail.trades_once(client)


@pytest.mark.usefixtures("undisturbed")
def test_an_unknown_error_ends_undecided_at_the_deadline_and_the_next_command_runs(
    live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    broken = _broken_variables(live)
    try:
        with machine.settings(DISPATCH, vars_file=broken, command_deadline=45):
            hopeless = live.send(client, start("SampleTrend"))
            trail.decided_once(hopeless, "RolledBack", "undecided")
        last = trail.row(hopeless.id)["attempt"]
        restored = {step for step in trail.commits(hopeless.id) if step[1] == "restored"}
        assert restored == {(last, "restored")}, "only the end takes something back"
        platform = live.values(client)["platform"]
        assert (platform["attempt"], platform["decided"], platform["reason"]) == (
            last,
            "rolledBack",
            "undecided",
        )
    finally:
        broken.unlink()
    trail.decided_once(live.send(client, STOP))
    assert not live.pods(client)


def _find(machine: Machine, choose: Callable[[list[list[str]]], int | None]) -> int | None:
    """The number of the process that is chosen from the arguments of all that the dispatcher started."""
    numbers = descendants(machine.number(DISPATCH))
    chosen = choose([arguments(number) for number in numbers])
    return None if chosen is None else numbers[chosen]


def _playbooks(lines: list[list[str]]) -> list[int]:
    """Places of the playbook's own process and of its workers, in this order."""
    return [
        place
        for place, words in enumerate(lines)
        if any(word.endswith("ansible-playbook") for word in words[:2])
    ]


def _last(lines: list[list[str]], wanted: Callable[[list[str]], bool]) -> int | None:
    return max((place for place, words in enumerate(lines) if wanted(words)), default=None)


def _broken_variables(live: Live) -> pathlib.Path:
    """The platform's variables with a directory of keys that holds none: no client is to blame for it."""
    folder = pathlib.Path(live.facts["inventory"]).parent
    variables = yaml.safe_load((folder / "vars.yml").read_text())
    broken = folder / "broken-vars.yml"
    broken.write_text(yaml.safe_dump(variables | {"platform_key_directory": str(folder / "inventory")}))
    return broken
