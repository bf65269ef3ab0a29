# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    Binding,
    Provenance,
    command_id,
    evidence_hash,
    evidence_json,
    keccak256,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda data: "0x" + data.hex())
BINDINGS = st.builds(
    Binding,
    chain_id=st.integers(0, 2**256 - 1),
    contract=ADDRESSES,
    client=st.integers(0, 2**32 - 1),
    sender=ADDRESSES,
    sequence=st.integers(0, 2**64 - 1),
    key_id=st.binary(min_size=4, max_size=4),
    suite=st.integers(0, 255),
)


@given(BINDINGS)
def test_info_is_the_label_and_what_solidity_encodes(binding: Binding) -> None:
    types = ["uint256", "address", "uint32", "address", "uint64", "bytes4", "uint8"]
    assert binding.info() == b"fqt-cmd-v1\x00" + encode(types, dataclasses.astuple(binding))


@given(BINDINGS, st.binary(max_size=300))
def test_command_id_is_what_solidity_computes(binding: Binding, payload: bytes) -> None:
    types = ["uint256", "address", "uint32", "uint64", "bytes4", "bytes32"]
    values = (binding.chain_id, binding.contract, binding.client, binding.sequence, binding.key_id)
    expected = keccak(encode(types, [*values, keccak(payload)]))
    assert command_id(binding, payload) == expected


def test_keccak_is_the_one_of_ethereum_and_not_sha3() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_addresses_bind_by_value_and_not_by_letter_case() -> None:
    upper = Binding(1, "0x" + "AB" * 20, 1, "0x" + "CD" * 20, 1, b"1234", 2)
    lower = Binding(1, "0x" + "ab" * 20, 1, "0x" + "cd" * 20, 1, b"1234", 2)
    assert upper.info() == lower.info()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chain_id", -1),
        ("chain_id", 2**256),
        ("chain_id", True),
        ("chain_id", "1"),
        ("client", 2**32),
        ("sequence", 2**64),
        ("sequence", 1.0),
        ("contract", "0x1234"),
        ("contract", "ab" * 20),
        ("sender", "0x" + "zz" * 20),
        ("sender", "0x" + "ab" * 20 + "\n"),
        ("sender", None),
        ("key_id", b"123"),
        ("key_id", "1234"),
    ],
)
def test_a_value_that_does_not_fit_its_solidity_type_is_a_usage_error(field: str, value: object) -> None:
    good: dict[str, t.Any] = {
        "chain_id": 1,
        "contract": "0x" + "ab" * 20,
        "client": 1,
        "sender": "0x" + "cd" * 20,
        "sequence": 1,
        "key_id": b"1234",
    }
    with pytest.raises(PlatformError) as caught:
        Provenance(**good | {field: value})
    assert caught.value.code == "usage"
    assert field in caught.value.message


def test_evidence_is_hashed_in_its_canonical_form() -> None:
    evidence = {"reason": "é", "commit": "abc"}
    assert evidence_json(evidence) == b'{"commit":"abc","reason":"\\u00e9"}'
    assert evidence_hash(evidence) == evidence_hash(dict(reversed(evidence.items())))
    assert evidence_hash(evidence) == keccak(evidence_json(evidence))
