# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    MAX_PAYLOAD,
    Command,
    KeyStore,
    PrivateKey,
    Provenance,
    check_and_open,
    open_command,
    pad,
    seal,
    seal_bytes,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES, PlatformError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Json = dict[str, t.Any]
STOP = {"operation": "trade.stop"}


class Chain:
    """The contract's answers, and which questions were asked."""

    def __init__(self, *, revoked: bool = False, authorised: bool = True) -> None:
        self._revoked, self._authorised = revoked, authorised
        self.asked: list[object] = []

    def revoked(self, key_id: bytes) -> bool:
        self.asked.append(("revoked", key_id))
        return self._revoked

    def authorised(self, client: int, sender: str) -> bool:
        self.asked.append(("authorised", client, sender))
        return self._authorised


def check(
    payload: bytes,
    provenance: Provenance,
    keystore: KeyStore,
    chain: Chain | None = None,
    *,
    stop: bool = False,
    suites: t.Collection[int] = (1, 2),
) -> Command:
    chain = chain or Chain()
    return check_and_open(
        payload,
        provenance,
        keystore,
        stop=stop,
        revoked=chain.revoked,
        authorised=chain.authorised,
        suites=suites,
    )


def code_of(*arguments: t.Any, **options: t.Any) -> str:
    with pytest.raises(PlatformError) as caught:
        check(*arguments, **options)
    return caught.value.code


@pytest.fixture
def payload(start: Json, key: PrivateKey, provenance: Provenance) -> bytes:
    return seal(start, key.public_key, provenance.binding(key.suite))


def test_a_start_opens_to_its_public_part(
    payload: bytes, provenance: Provenance, keystore: KeyStore, specification: Json
) -> None:
    chain = Chain()
    command = check(payload, provenance, keystore, chain)
    assert (command.operation, command.specification) == ("trade.start", specification)
    assert not command.has_exchange
    assert chain.asked == [
        ("revoked", provenance.key_id),
        ("authorised", provenance.client, provenance.sender),
    ]


def test_a_start_opens_with_its_exchange_keys(
    start: Json, exchange: Json, key: PrivateKey, provenance: Provenance, keystore: KeyStore
) -> None:
    payload = seal(start | {"exchange": exchange}, key.public_key, provenance.binding(key.suite))
    command = open_command(payload, provenance, keystore)
    assert command.has_exchange
    assert command.exchange is not None
    assert (command.exchange.key, command.exchange.secret) == (exchange["key"], exchange["secret"])


def test_a_stop_opens_with_its_flag_only(key: PrivateKey, provenance: Provenance, keystore: KeyStore) -> None:
    payload = seal(STOP, key.public_key, provenance.binding(key.suite))
    command = check(payload, provenance, keystore, stop=True)
    assert (command.operation, command.specification, command.has_exchange) == ("trade.stop", None, False)
    assert code_of(payload, provenance, keystore, stop=False) == "stop_flag_mismatch"


def test_a_start_with_the_flag_of_a_stop_is_refused(
    payload: bytes, provenance: Provenance, keystore: KeyStore
) -> None:
    assert code_of(payload, provenance, keystore, stop=True) == "stop_flag_mismatch"


def test_a_revoked_key_opens_nothing(payload: bytes, provenance: Provenance, keystore: KeyStore) -> None:
    chain = Chain(revoked=True)
    assert code_of(payload, provenance, keystore, chain) == "key_revoked"
    assert chain.asked == [("revoked", provenance.key_id)]


def test_a_suite_that_the_platform_gave_up_is_refused(
    payload: bytes, provenance: Provenance, keystore: KeyStore, key: PrivateKey
) -> None:
    assert code_of(payload, provenance, keystore, suites={3 - key.suite}) == "suite_not_allowed"


def test_the_wallet_of_somebody_else_is_refused(
    payload: bytes, provenance: Provenance, keystore: KeyStore
) -> None:
    assert code_of(payload, provenance, keystore, Chain(authorised=False)) == "sender_not_authorised"


def test_an_absent_key_is_refused(payload: bytes, provenance: Provenance, keystore: KeyStore) -> None:
    stranger = dataclasses.replace(provenance, key_id=b"none")
    assert code_of(payload, stranger, keystore) == "key_unknown"


def test_the_first_of_several_faults_is_the_one_that_counts(
    key: PrivateKey, provenance: Provenance, keystore: KeyStore
) -> None:
    """Each step mends the first fault; the next one comes to light, in the order of the design."""
    suite, binding = key.suite, provenance.binding(key.suite)
    nobody = Chain(revoked=True, authorised=False)
    stranger = dataclasses.replace(provenance, key_id=b"none")
    assert code_of(bytes(MAX_PAYLOAD + 1), stranger, keystore, nobody, stop=True) == "payload_too_big"
    assert code_of(b"\x02\x09", stranger, keystore, nobody, stop=True) == "payload_malformed"
    assert code_of(b"\x01\x09", stranger, keystore, nobody, stop=True) == "key_unknown"
    assert code_of(b"\x01\x09", provenance, keystore, nobody, stop=True) == "key_revoked"
    chain = Chain(authorised=False)
    assert code_of(b"\x01\x09", provenance, keystore, chain, stop=True) == "suite_not_allowed"
    assert code_of(bytes((1, suite)), provenance, keystore, chain, stop=True) == "payload_not_opened"
    for plaintext, code in (
        (b"{}", "payload_schema"),
        (b'{"operation":"x"}', "operation_unknown"),
        (b'{"operation":"trade.stop","x":1}', "payload_schema"),
    ):
        sealed = seal_bytes(pad(plaintext), key.public_key, binding)
        assert code_of(sealed, provenance, keystore, chain, stop=False) == code
    sealed = seal_bytes(pad(b'{"operation":"trade.stop"}'), key.public_key, binding)
    assert code_of(sealed, provenance, keystore, chain, stop=False) == "stop_flag_mismatch"
    assert code_of(sealed, provenance, keystore, chain, stop=True) == "sender_not_authorised"
    assert check(sealed, provenance, keystore, stop=True).operation == "trade.stop"


def test_blindness_of_the_chain_passes_through_as_it_is(
    payload: bytes, provenance: Provenance, keystore: KeyStore
) -> None:
    def blind(*_question: object) -> bool:
        raise PlatformError("chain_unreachable", "The RPC endpoint does not answer")

    with pytest.raises(PlatformError) as caught:
        check_and_open(
            payload, provenance, keystore, stop=False, revoked=blind, authorised=lambda client, sender: True
        )
    assert caught.value.code == "chain_unreachable"
    with pytest.raises(PlatformError) as caught:
        check_and_open(
            payload, provenance, keystore, stop=False, revoked=lambda key_id: False, authorised=blind
        )
    assert caught.value.code == "chain_unreachable"


@settings(
    max_examples=150,
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
    ],
)
@given(garbage=st.binary(max_size=2000), header=st.booleans())
def test_only_typed_refusals_ever_leave(
    keystore: KeyStore, key: PrivateKey, provenance: Provenance, garbage: bytes, header: bool
) -> None:
    payload = bytes((1, key.suite)) + garbage if header else garbage
    code = code_of(payload, provenance, keystore)
    assert CODES[code] == "refused"
