# SPDX-License-Identifier: GPL-3.0-or-later
"""Encodings, blooms and fees, held to the compiled contract and to known values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES, PlatformError
from eth_account import Account

from listener.chain import abi
from listener.chain.bloom import bloom_of, covers
from listener.chain.signer import Signer
from listener.send.fees import GWEI, FeePolicy
from listener.store import Fees

ARTIFACT = Path(__file__).resolve().parents[3] / "infra/contracts/artifacts/BotPlatform.json"
COMMAND = "0x" + "aa" * 32
KEY = "0x" + "01" * 32


@pytest.fixture(scope="module")
def signatures() -> set[str]:
    entries: list[dict[str, Any]] = json.loads(ARTIFACT.read_text())["abi"]
    return {
        f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})"
        for entry in entries
        if entry["type"] in ("function", "event", "error")
    }


@pytest.mark.parametrize(
    "signature",
    [abi.EVENT, abi.APPROVE, abi.ROLL_BACK, abi.COMMAND_OF, abi.NOT_PENDING, abi.NOT_OPERATOR],
)
def test_every_signature_is_the_contracts(signature: str, signatures: set[str]) -> None:
    assert signature in signatures


@pytest.mark.parametrize("code", CODES)
def test_every_code_fits_into_a_reason(code: str) -> None:
    data = abi.roll_back(COMMAND, code, b"\1" * 32)
    assert bytes.fromhex(data[2:])[4 + 32 : 4 + 64].rstrip(b"\0").decode() == code


@pytest.mark.parametrize("reason", ["", "x" * 32])
def test_a_reason_that_does_not_fit_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        abi.roll_back(COMMAND, reason, b"\1" * 32)


@pytest.mark.parametrize(
    "data", ["0x", "0x1234", "0x" + "zz" * 192, "0x" + "00" * 31 + "04" + "00" * 160, "0x" + "ff" * 192]
)
def test_an_answer_that_cannot_come_from_the_contract_is_not_believed(data: str) -> None:
    with pytest.raises(PlatformError) as caught:
        abi.decode_command(data)
    assert caught.value.code == "chain_invalid"


def test_a_bloom_covers_what_it_was_made_of_and_nothing_covers_more() -> None:
    one, other = "0x" + "11" * 20, "0x" + "22" * 32
    assert bloom_of([one]).bit_count() == 3
    assert covers(bloom_of([one, other]), bloom_of([one]))
    assert not covers(bloom_of([one]), bloom_of([one, other]))
    assert bloom_of([]) == 0


def test_a_first_fee_follows_the_base_fee_up_to_the_cap() -> None:
    policy = FeePolicy(max_fee=100 * GWEI, priority_fee=GWEI)
    assert policy.first(10 * GWEI) == Fees(21 * GWEI, GWEI)
    assert policy.first(80 * GWEI) == Fees(100 * GWEI, GWEI)
    assert policy.first(101 * GWEI) is None


@pytest.mark.parametrize("fee", [1, 7, 8, 9, 999, GWEI, 21 * GWEI + 1])
def test_a_replacement_pays_at_least_ten_percent_more_in_both_fees(fee: int) -> None:
    policy = FeePolicy(max_fee=10**6 * GWEI, priority_fee=0)
    replaced = policy.replacement(Fees(fee, fee), base_fee=0)
    assert replaced is not None
    assert replaced.max_fee * 10 >= fee * 11
    assert replaced.priority_fee * 10 >= fee * 11
    assert replaced.priority_fee <= replaced.max_fee


def test_a_replacement_follows_a_market_that_has_risen() -> None:
    policy = FeePolicy(max_fee=100 * GWEI, priority_fee=GWEI)
    assert policy.replacement(Fees(10 * GWEI, GWEI), 30 * GWEI) == Fees(61 * GWEI, 1_125_000_000)


def test_no_replacement_passes_the_cap() -> None:
    policy = FeePolicy(max_fee=11 * GWEI, priority_fee=GWEI)
    assert policy.replacement(Fees(10 * GWEI, GWEI), base_fee=GWEI) is None


def test_a_signed_verdict_is_the_signers_and_shows_no_key() -> None:
    signer = Signer(KEY, 31337, "0x" + "cd" * 20)
    signed = signer.sign(abi.approve(COMMAND, b"\1" * 32), 7, 100_000, Fees(2 * GWEI, GWEI))
    assert Account.recover_transaction(signed.raw).lower() == signer.address
    assert "01" * 32 not in repr(signer) + repr(vars(signer)) + repr(signed)


@pytest.mark.parametrize("key", ["5ec2e7", "0x" + "00" * 32, "5ec2e7" * 11])
def test_a_key_that_is_none_is_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="not a private key") as caught:
        Signer(key, 1, "0x" + "cd" * 20)
    assert "5ec2e7" not in str(caught.value)
    assert caught.value.__suppress_context__
