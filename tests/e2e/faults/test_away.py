# SPDX-License-Identifier: GPL-3.0-or-later
"""A neighbour is away for a minute in the middle: no rollback, and the command completes after."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from tests.e2e.live import Live
from tests.e2e.machine import Machine
from tests.e2e.story import start
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(900)

AWAY_SECONDS = 60
NEIGHBOURS = {
    # The stage at which it goes: the next step of the command needs it.
    "the Kubernetes API": ("committed", "kube-apiserver"),
    "PostgreSQL": ("claimed", "postgres"),
    "the chain's RPC": ("committed", "anvil"),
    "the Git repository": ("claimed", None),
}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_a_start_completes_after_a_minute_without(
    neighbour: str, live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    stage, program = NEIGHBOURS[neighbour]
    sent = live.send(client, start("SampleTrend"))
    trail.await_stage(sent.id, stage)
    with machine.away(program) if program else _moved(live):
        time.sleep(AWAY_SECONDS)
    trail.decided_once(sent)
    trail.trades_once(client)


@contextlib.contextmanager
def _moved(live: Live) -> Iterator[None]:
    """The bare repository under another name."""
    elsewhere = live.repository.with_name("gitops-away.git")
    live.repository.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(live.repository)
