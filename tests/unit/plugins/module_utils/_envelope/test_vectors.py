# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The published vectors are what this implementation opens and refuses."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    Binding,
    KeyStore,
    PrivateKey,
    Provenance,
    check_and_open,
    command_id,
    open_sealed,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

ROOT = pathlib.Path(__file__).parents[5]
DOCUMENT = json.loads((ROOT / "docs" / "vectors" / "envelope.json").read_text(encoding="utf-8"))
Vector = dict[str, t.Any]


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def provenance_of(vector: Vector) -> Provenance:
    fields = vector["provenance"]
    return Provenance(**fields | {"key_id": unhex(fields["key_id"])})


def binding_of(vector: Vector) -> Binding:
    return provenance_of(vector).binding(vector["suite"])


@pytest.fixture
def keystore(tmp_path: pathlib.Path) -> KeyStore:
    store = KeyStore(tmp_path)
    for key in DOCUMENT["keys"]:
        store.add(PrivateKey(key["suite"], unhex(key["private_key"])))
    return store


@pytest.mark.parametrize("vector", DOCUMENT["vectors"], ids=lambda vector: str(vector["name"]))
def test_a_vector_opens_to_its_plaintext(vector: Vector) -> None:
    key = PrivateKey(vector["suite"], unhex(vector["private_key"]))
    binding, payload = binding_of(vector), unhex(vector["payload"])
    assert key.public_key == unhex(vector["public_key"])
    assert binding.info() == unhex(vector["info"])
    assert command_id(binding, payload) == unhex(vector["command_id"])
    assert (
        key.suite.hpke().decrypt(payload[2:], key.handle, info=unhex(vector["info"])).decode()
        == (vector["plaintext"])
    )
    assert open_sealed(payload, key, binding) == json.loads(vector["plaintext"])


@pytest.mark.parametrize("vector", DOCUMENT["refusals"], ids=lambda vector: str(vector["name"]))
def test_a_vector_is_refused_with_its_code(vector: Vector, keystore: KeyStore) -> None:
    with pytest.raises(PlatformError) as caught:
        check_and_open(
            unhex(vector["payload"]),
            provenance_of(vector),
            keystore,
            stop=vector["stop"],
            revoked=lambda key_id: bool(vector["revoked"]),
            authorised=lambda client, sender: bool(vector["authorised"]),
        )
    assert caught.value.code == vector["code"]


def test_every_refusal_of_the_envelope_has_a_vector() -> None:
    assert {vector["code"] for vector in DOCUMENT["refusals"]} == {
        "payload_too_big",
        "payload_malformed",
        "key_unknown",
        "key_revoked",
        "suite_not_allowed",
        "payload_not_opened",
        "payload_schema",
        "operation_unknown",
        "exchange_secret_missing",
        "stop_flag_mismatch",
        "sender_not_authorised",
    }
