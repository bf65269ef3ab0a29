# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad payloads end RolledBack for their own reason, and nothing is made for the client."""

from __future__ import annotations

import contextlib
import os
import pathlib
import typing as t
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    MAX_PLAINTEXT,
    KeyStore,
    PrivateKey,
    key_id_of,
)

from tests.e2e.conftest import new_clients
from tests.e2e.live import Live, Sent
from tests.e2e.machine import Machine
from tests.e2e.parcels import Admin, HeldChain, Parcel, Sealer
from tests.e2e.story import STOP, start
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(300)

FOREIGN = "0x" + 40 * "7"
GOOD: t.Final = start("SampleTrend")


def _to_another_key(sealer: Sealer, client: int) -> Parcel:
    key = PrivateKey.generate(2)
    return sealer.parcel(client, GOOD, public_key=key.public_key, key_id=key.key_id)


BAD: dict[str, tuple[str, Callable[[Sealer, int], Parcel]]] = {
    "sealed to another key": ("payload_not_opened", _to_another_key),
    "sealed for another chain": ("payload_not_opened", lambda s, c: s.parcel(c, GOOD, chain_id=1)),
    "sealed for another contract": ("payload_not_opened", lambda s, c: s.parcel(c, GOOD, contract=FOREIGN)),
    "sealed by another sender": ("payload_not_opened", lambda s, c: s.parcel(c, GOOD, sender=FOREIGN)),
    "sealed for another client": ("payload_not_opened", lambda s, c: s.parcel(c, GOOD, client=c + 1)),
    "sealed for another sequence": ("payload_not_opened", lambda s, c: s.parcel(c, GOOD, sequence=2)),
    "with an unknown field": ("payload_schema", lambda s, c: s.parcel(c, GOOD | {"colour": "red"})),
    "with an unknown operation": ("operation_unknown", lambda s, c: s.parcel(c, {"operation": "trade.hide"})),
    "that is no JSON": ("payload_schema", lambda s, c: s.parcel(c, b"{" * 256)),
    "with too much inside": ("payload_too_big", lambda s, c: s.parcel(c, b" " * (MAX_PLAINTEXT + 256))),
    "with a start under the flag of a stop": (
        "stop_flag_mismatch",
        lambda s, c: s.parcel(c, GOOD, stop=True),
    ),
    "with a stop without its flag": ("stop_flag_mismatch", lambda s, c: s.parcel(c, STOP)),
    "of another version": ("payload_malformed", lambda s, c: s.parcel(c, STOP, payload=b"\x07" * 1500)),
}


@pytest.fixture(scope="module")
def submitted(live: Live, sealer: Sealer) -> dict[str, Sent]:
    """All bad payloads, each of a client of its own, on the chain."""
    numbers = new_clients(live, len(BAD))
    return {
        case: sealer.submit(make(sealer, number))
        for number, (case, (_, make)) in zip(numbers, BAD.items(), strict=True)
    }


@pytest.mark.parametrize("case", BAD)
def test_rolls_back_a_payload(case: str, trail: Trail, submitted: dict[str, Sent]) -> None:
    sent = submitted[case]
    trail.decided_once(sent, "RolledBack", BAD[case][0])
    assert not trail.commits(sent.id)
    trail.nothing_of(sent.client)


def test_rolls_back_what_is_sealed_to_keys_unknown_or_revoked_since(
    live: Live, trail: Trail, sealer: Sealer, chain: HeldChain, machine: Machine, clients: Callable[[], int]
) -> None:
    admin, key = Admin(live), PrivateKey.generate(1)
    admin.publish(1, key.public_key)
    key_id = key_id_of(key.public_key)
    first, second = clients(), clients()
    unknown = sealer.submit(sealer.label(first, b"\x01\x01" + bytes(304), key_id))
    trail.decided_once(unknown, "RolledBack", "key_unknown")
    late = sealer.label(second, b"\x01\x01" + bytes(304), key_id)
    with held_by_the_platform(live, key):
        with chain.held():
            live.web3.eth.send_raw_transaction(sealer.transaction(late))
            chain.mine()
            admin.revoke(key_id, wait=False)
            chain.mine()
        trail.decided_once(late.sent, "RolledBack", "key_revoked")
    trail.nothing_of(first)
    trail.nothing_of(second)


def test_a_client_goes_on_after_a_bad_payload(
    live: Live, trail: Trail, sealer: Sealer, machine: Machine, client: int
) -> None:
    bad = sealer.submit(sealer.parcel(client, GOOD | {"colour": "red"}))
    good = live.send(client, STOP)
    trail.decided_once(bad, "RolledBack", "payload_schema")
    trail.decided_once(good)


@contextlib.contextmanager
def held_by_the_platform(live: Live, key: PrivateKey) -> Iterator[None]:
    """Put a private key where the platform keeps its own."""
    folder = pathlib.Path(live.facts["key_directory"])
    path = KeyStore(folder).add(key)
    os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    try:
        yield
    finally:
        path.unlink()
