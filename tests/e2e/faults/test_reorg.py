# SPDX-License-Identifier: GPL-3.0-or-later
"""Reorganisations shorter than finality: nothing of a dropped command remains, a moved one runs once."""

from __future__ import annotations

import pytest

from tests.e2e.live import Live, eventually
from tests.e2e.machine import Machine
from tests.e2e.parcels import HeldChain, Sealer
from tests.e2e.story import STOP
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(600)


def test_nothing_of_a_dropped_command_remains(
    live: Live, trail: Trail, sealer: Sealer, chain: HeldChain, machine: Machine, client: int
) -> None:
    parcel = sealer.parcel(client, STOP, stop=True)
    with chain.held():
        live.web3.eth.send_raw_transaction(sealer.transaction(parcel))
        chain.mine()
        assert live.contract.functions.nextSequence(client).call() == 2
        block = live.web3.eth.block_number
        chain.reorganise(1)
        assert live.contract.functions.nextSequence(client).call() == 1
    eventually(lambda: _read_past(trail, block), "the listener reads past the dropped block", 60)
    assert not trail.row(parcel.command)
    assert not trail.select("SELECT 1 FROM commands WHERE client = %s", client)
    trail.nothing_of(client)


def test_a_moved_command_runs_once(
    live: Live, trail: Trail, sealer: Sealer, chain: HeldChain, machine: Machine, client: int
) -> None:
    parcel = sealer.parcel(client, STOP, stop=True)
    raw = sealer.transaction(parcel)
    with chain.held():
        live.web3.eth.send_raw_transaction(raw)
        chain.mine()
        first = live.web3.eth.block_number
        chain.mine()
        chain.reorganise(2, (raw, 1))
    trail.decided_once(parcel.sent)
    rows = trail.select("SELECT block_number, attempt FROM commands WHERE client = %s", client)
    assert rows == [(first + 1, 1)]


def _read_past(trail: Trail, block: int) -> bool:
    return bool(trail.select("SELECT 1 FROM blocks WHERE number > %s", block))
