# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import dataclasses
import itertools
import json
import pathlib
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    MAX_PAYLOAD,
    MAX_PLAINTEXT,
    Binding,
    KeyStore,
    PrivateKey,
    Provenance,
    open_sealed,
    pad,
    seal,
    seal_bytes,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from hypothesis import given, settings
from hypothesis import strategies as st

Json = dict[str, t.Any]
STOP = {"operation": "trade.stop"}
KEYS = {suite: PrivateKey.generate(suite) for suite in (1, 2)}


def binding_for(key: PrivateKey) -> Binding:
    return Binding(31337, "0x" + "ab" * 20, 1, "0x" + "cd" * 20, 7, key.key_id, key.suite)


def code_of_opening(payload: bytes, key: PrivateKey, binding: Binding | None = None) -> str | None:
    try:
        open_sealed(payload, key, binding or binding_for(key))
    except PlatformError as error:
        return error.code
    return None


def test_what_was_sealed_opens(start: Json, key: PrivateKey, provenance: Provenance) -> None:
    binding = provenance.binding(key.suite)
    assert open_sealed(seal(start, key.public_key, binding), key, binding) == start


def test_a_payload_opens_with_the_path_of_a_key_file(
    keystore: KeyStore, key: PrivateKey, provenance: Provenance
) -> None:
    binding = provenance.binding(key.suite)
    path: pathlib.Path = keystore.directory / f"{key.key_id.hex()}.key"
    assert open_sealed(seal(STOP, key.public_key, binding), path, binding) == STOP


def test_two_sealings_of_one_command_have_nothing_in_common(key: PrivateKey, provenance: Provenance) -> None:
    binding = provenance.binding(key.suite)
    first, second = (seal(STOP, key.public_key, binding) for time in range(2))
    assert first[:2] == second[:2]
    assert first[2:34] != second[2:34]
    assert first[-32:] != second[-32:]


OTHER_VALUES = {
    "chain_id": 1,
    "contract": "0x" + "ac" * 20,
    "client": 2,
    "sender": "0x" + "ce" * 20,
    "sequence": 8,
    "key_id": b"none",
}


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(fields, id="+".join(fields))
        for count in (1, 2)
        for fields in itertools.combinations(OTHER_VALUES, count)
    ],
)
def test_a_payload_opens_under_no_other_binding(suite: int, fields: tuple[str, ...]) -> None:
    key = KEYS[suite]
    payload = seal(STOP, key.public_key, binding_for(key))
    changes: Json = {field: OTHER_VALUES[field] for field in fields}
    other = dataclasses.replace(binding_for(key), **changes)
    assert code_of_opening(payload, key, other) == "payload_not_opened"


@pytest.mark.parametrize("suite", [1, 2])
def test_a_payload_opens_with_no_other_key(suite: int) -> None:
    payload = seal(STOP, KEYS[suite].public_key, binding_for(KEYS[suite]))
    other = PrivateKey.generate(suite)
    assert code_of_opening(payload, other, binding_for(KEYS[suite])) == "payload_not_opened"


@pytest.mark.parametrize(("sealed", "claimed"), [(1, 2), (2, 1), (1, 0), (2, 255)])
def test_a_payload_opens_under_no_other_suite(sealed: int, claimed: int) -> None:
    key = KEYS[sealed]
    payload = bytearray(seal(STOP, key.public_key, binding_for(key)))
    payload[1] = claimed
    assert code_of_opening(bytes(payload), key) == "suite_not_allowed"
    other = dataclasses.replace(binding_for(key), suite=claimed)
    assert code_of_opening(bytes(payload), key, other) == "suite_not_allowed"


def test_a_key_is_not_sealed_to_under_another_name(key: PrivateKey, provenance: Provenance) -> None:
    stranger = dataclasses.replace(provenance, key_id=b"none").binding(key.suite)
    with pytest.raises(PlatformError) as caught:
        seal(STOP, key.public_key, stranger)
    assert caught.value.code == "usage"


@pytest.mark.parametrize("length", [0, 1, 31, 33, 1215, 1217])
@pytest.mark.parametrize("suite", [1, 2])
def test_bytes_that_are_no_public_key_are_a_usage_error(suite: int, length: int) -> None:
    with pytest.raises(PlatformError) as caught:
        seal(STOP, bytes(length), binding_for(KEYS[suite]))
    assert caught.value.code == "usage"


def test_a_public_key_outside_its_field_is_a_usage_error() -> None:
    with pytest.raises(PlatformError, match="is not one of suite 2") as caught:
        seal(STOP, b"\xff" * 1216, binding_for(KEYS[2]))
    assert caught.value.code == "usage"


@pytest.mark.parametrize("suite", [0, 3, 255])
def test_sealing_with_an_unknown_suite_is_a_usage_error(suite: int) -> None:
    with pytest.raises(PlatformError) as caught:
        seal(STOP, KEYS[1].public_key, dataclasses.replace(binding_for(KEYS[1]), suite=suite))
    assert caught.value.code == "usage"


def test_a_command_that_the_platform_would_refuse_is_not_sealed(start: Json) -> None:
    with pytest.raises(PlatformError) as caught:
        seal(start | {"note": 1}, KEYS[2].public_key, binding_for(KEYS[2]))
    assert caught.value.code == "payload_schema"


@given(st.binary(max_size=MAX_PLAINTEXT))
def test_padding_is_spaces_up_to_the_next_step(text: bytes) -> None:
    padded = pad(text)
    assert padded.startswith(text)
    assert set(padded[len(text) :]) <= {0x20}
    assert len(padded) % 256 == 0
    assert len(padded) - len(text) < 256


def test_a_dry_run_and_a_live_start_of_like_length_are_not_told_apart(start: Json, exchange: Json) -> None:
    binding = binding_for(KEYS[2])
    sizes = {
        len(seal(start | {"exchange": exchange | {"key": "k" * length}}, KEYS[2].public_key, binding))
        for length in range(16, 65)
    }
    assert len(sizes) == 1


@pytest.mark.parametrize("suite", [1, 2])
def test_the_longest_command_opens_and_a_longer_one_is_too_big(suite: int) -> None:
    key, binding = KEYS[suite], binding_for(KEYS[suite])
    longest = b'{"operation":"trade.stop"}'.ljust(MAX_PLAINTEXT)
    assert open_sealed(seal_bytes(longest, key.public_key, binding), key, binding) == STOP
    longer = seal_bytes(longest + b" " * 256, key.public_key, binding)
    assert code_of_opening(longer, key) == "payload_too_big"
    with pytest.raises(PlatformError) as caught:
        pad(b"x" * (MAX_PLAINTEXT + 1))
    assert caught.value.code == "payload_too_big"


def test_the_size_is_judged_before_anything_else() -> None:
    assert code_of_opening(bytes(MAX_PAYLOAD + 1), KEYS[1]) == "payload_too_big"


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x00\x01", b"\x02\x01", b"\xff" * 500])
def test_a_payload_of_another_version_is_malformed(payload: bytes) -> None:
    assert code_of_opening(payload, KEYS[1]) == "payload_malformed"


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b'{"operation":"trade.stop"}',
        pad(b"not json"),
        pad(b'["trade.stop"]'),
        pad(b'"trade.stop"'),
        pad(b"null"),
        pad(b'{"operation":"\xff"}'),
        pad(b'\xef\xbb\xbf{"operation":"trade.stop"}'),
        pad('{"operation":"trade.stop"}'.encode("utf-16")),
        pad(b'{"operation":"trade.stop","operation":"trade.stop"}'),
        pad(b'{"operation":"trade.stop","nested":{"a":1,"a":2}}'),
        pad(b'{"operation":NaN}'),
        pad(b'{"operation":-Infinity}'),
        pad(b'{"operation":' + b"1" * 5000 + b"}"),
        pad(b'{"operation":' + b"[" * 8000),
        pad(b'{"operation":"trade.stop"} {}'),
        pad(b'{"operation":"trade.stop"}' + b"\x00"),
    ],
)
def test_a_plaintext_that_is_no_padded_json_object_breaks_the_schema(plaintext: bytes) -> None:
    payload = seal_bytes(plaintext, KEYS[1].public_key, binding_for(KEYS[1]))
    assert code_of_opening(payload, KEYS[1]) == "payload_schema"


@settings(max_examples=200)
@given(st.sampled_from([1, 2]), st.binary(max_size=1500))
def test_garbage_ends_in_a_typed_refusal(suite: int, garbage: bytes) -> None:
    key = KEYS[suite]
    assert code_of_opening(garbage, key) in {"payload_malformed", "suite_not_allowed", "payload_not_opened"}
    assert code_of_opening(bytes((1, suite)) + garbage, key) == "payload_not_opened"


@settings(max_examples=100)
@given(st.sampled_from([1, 2]), st.data())
def test_a_cut_or_changed_payload_ends_in_a_typed_refusal(suite: int, data: st.DataObject) -> None:
    key = KEYS[suite]
    payload = seal(STOP, key.public_key, binding_for(key))
    cut = data.draw(st.integers(0, len(payload) - 1))
    assert code_of_opening(payload[:cut], key) in {"payload_malformed", "payload_not_opened"}
    changed = bytearray(payload)
    changed[data.draw(st.integers(2, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    assert code_of_opening(bytes(changed), key) == "payload_not_opened"


@settings(max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=600),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=20,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_every_plaintext_opens_or_is_refused_with_a_type(text: bytes) -> None:
    if len(text) <= MAX_PLAINTEXT:
        payload = seal_bytes(pad(text), KEYS[1].public_key, binding_for(KEYS[1]))
        assert code_of_opening(payload, KEYS[1]) in {None, "payload_schema"}
