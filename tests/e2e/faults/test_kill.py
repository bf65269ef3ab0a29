# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill -9 at every stage of a command: one verdict, one Deployment, no commit twice."""

from __future__ import annotations

import pytest

from tests.e2e.live import Live
from tests.e2e.machine import DISPATCH, ROLES, Machine
from tests.e2e.story import start
from tests.e2e.trail import STAGES, Trail

pytestmark = pytest.mark.timeout(1200)

SHORT_LEASE = 5
"""Seconds until another worker takes what a killed one held."""
PLANS: dict[str, dict[str, tuple[str, ...]]] = {
    "all roles at every second stage": dict.fromkeys(STAGES[0::2], ROLES),
    "all roles at the stages between": dict.fromkeys(STAGES[1::2], ROLES),
    "PostgreSQL at every second stage": dict.fromkeys(STAGES[0::2], ("postgres",)),
    "PostgreSQL at the stages between": dict.fromkeys(STAGES[1::2], ("postgres",)),
    "the role that holds the command": {
        "mined": ("listener-watch",),
        "claimed": ("listener-api",),
        "committed": (DISPATCH,),
        "decided": ("listener-send",),
        "broadcast": ("listener-send",),
    },
}


def test_a_start_survives_the_lock_of_a_killed_push(
    live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    lock = live.repository / "refs" / "heads" / "main.lock"
    lock.touch()
    trail.decided_once(live.send(client, start("SampleTrend")))
    assert not lock.exists()
    trail.trades_once(client)


@pytest.mark.parametrize("plan", PLANS)
def test_a_start_survives_kills_of(
    plan: str, live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    with machine.settings(DISPATCH, lease_seconds=SHORT_LEASE):
        sent = live.send(client, start("SampleTrend"))
        for stage, victims in PLANS[plan].items():
            trail.await_stage(sent.id, stage)
            machine.kill(*victims)
            machine.await_running(*victims)
        trail.decided_once(sent)
    trail.trades_once(client)
