# SPDX-License-Identifier: GPL-3.0-or-later
"""Three commands in one run, one of them hanging: the others hear their verdicts at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.live import Live, eventually
from tests.e2e.machine import DISPATCH, Machine
from tests.e2e.story import start
from tests.e2e.trail import Trail


@pytest.mark.timeout(900)
def test_a_hanging_command_delays_no_other_of_its_run(
    live: Live, trail: Trail, machine: Machine, clients: Callable[[], int]
) -> None:
    with machine.settings(DISPATCH, max_runs=1, batch_size=3):
        machine.stop(DISPATCH)
        sent = [live.send(clients(), start(name)) for name in ("HangsAtStart", "SampleTrend", "SampleTrend")]
        eventually(lambda: all(trail.row(item.id) for item in sent), "the listener knows the commands", 60)
        machine.start(DISPATCH)
        hanging, *others = sent
        for item in others:
            assert live.decided(item).status == "Approved"
        assert live.verdict(hanging.id) is None, "the hanging command was decided first"
        for item in others:
            trail.decided_once(item)
        trail.decided_once(hanging, "RolledBack", "bot_not_ready")
    assert [trail.row(item.id)["attempt"] for item in sent] == [1, 1, 1]
    synced, ended = (trail.row(hanging.id)["timings"][stage] for stage in ("synced", "decided"))
    for item in others:
        waited = trail.row(item.id)["timings"]["decided"] - synced
        assert waited < (ended - synced) / 2, "it was decided when the hanging one was"
