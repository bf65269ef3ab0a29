# SPDX-License-Identifier: GPL-3.0-or-later
"""A run without an outcome is run again and never rolled back; past its deadline it is undecided."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.e2e.live import Live, eventually
from tests.e2e.machine import DISPATCH, Machine, arguments, changed_variables, descendants
from tests.e2e.story import STOP, start
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(900)

DETECTED_SECONDS = 240
"""Less than the limit of a run: the end of a process is noticed, not waited for."""


def test_a_start_runs_again_after_each_kill_of_a_part_of_its_run(
    live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    sent = live.send(client, start("SampleTrend"))
    trail.await_stage(sent.id, "committed")
    for attempt, (victim, choose) in enumerate(VICTIMS.items(), 1):
        eventually(lambda: _find(machine, _module), "a module at work", 60, 0.02)
        number = eventually(lambda choose=choose: _find(machine, choose), f"a process of {victim}", 60, 0.02)
        assert trail.row(sent.id)["attempt"] == attempt
        os.kill(number, signal.SIGKILL)
        again = f"another run after the kill of {victim}"
        eventually(
            lambda attempt=attempt: trail.row(sent.id)["attempt"] > attempt, again, DETECTED_SECONDS, 0.05
        )
    trail.decided_once(sent)
    assert not [step for step in trail.commits(sent.id) if step[1] == "restored"]
    trail.trades_once(client)


@pytest.mark.usefixtures("undisturbed")
def test_an_unknown_error_ends_undecided_at_the_deadline_and_the_next_command_runs(
    live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    # No client is to blame for a directory of keys that holds none.
    with changed_variables(live, platform_key_directory=live.facts["inventory"]) as broken:
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


def _module(lines: list[list[str]]) -> int | None:
    """Place of the newest module: a Python without arguments, since a module comes by standard input."""
    places = [place for place, words in enumerate(lines) if len(words) == 1 and "python" in words[0]]
    return max(places, default=None)


VICTIMS: dict[str, Callable[[list[list[str]]], int | None]] = {
    "its module": _module,
    "its playbook": lambda lines: next(iter(_playbooks(lines)), None),
    "a worker of its playbook": lambda lines: next(iter(_playbooks(lines)[1:]), None),
}
