# SPDX-License-Identifier: GPL-3.0-or-later
"""The listener's database is lost: what the contract has decided is not run again, and commands go on."""

from __future__ import annotations

import pytest

from tests.e2e.live import Live, eventually
from tests.e2e.machine import ROLES, Machine
from tests.e2e.story import STOP, start
from tests.e2e.trail import Trail, superuser

LOST = ("run_events", "alarms", "transactions", "commands", "blocks", "signers")


@pytest.mark.timeout(900)
def test_a_lost_database_replays_nothing(live: Live, trail: Trail, machine: Machine, client: int) -> None:
    trail.decided_once(live.send(client, start("SampleTrend")))
    trail.decided_once(live.send(client, STOP))
    last = trail.last_commit(client)
    machine.stop(*ROLES)
    with superuser(live, live.facts["platform_database"]["name"]) as connection:
        connection.cursor().execute(f"TRUNCATE {', '.join(LOST)}")
    machine.start(*ROLES)
    look = "SELECT state, attempt FROM commands WHERE client = %s AND state <> 'new'"
    eventually(lambda: len(trail.select(look, client)) == 2, "both commands, read from the chain again", 120)
    assert trail.select(look, client) == [("done", 0), ("done", 0)]
    assert trail.last_commit(client) == last
    trail.decided_once(live.send(client, start("SampleTrend")))
    trail.trades_once(client)
