# SPDX-License-Identifier: GPL-3.0-or-later
"""What may run, and what ends without a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from eth_account.signers.local import LocalAccount

from listener import store
from tests.support.rpc_proxy import RpcProxy

if TYPE_CHECKING:
    from .conftest import Desk


def test_a_good_start_is_admitted_without_its_exchange_keys(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.listener.command(desk.admitted(wallet))
    assert command.operation == "trade.start"
    assert command.specification is not None
    assert command.specification["strategy"] == "Good"
    assert "the-exchange" not in repr(command)


def test_a_stop_is_admitted(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.stop(wallet)
    desk.admit()
    assert desk.listener.command(command).operation == "trade.stop"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (lambda payload: payload[:-1] + bytes([payload[-1] ^ 1]), "payload_not_opened"),
        (lambda payload: b"\x07" + payload[1:], "payload_malformed"),
        (lambda payload: payload[:1] + b"\x01" + payload[2:], "suite_not_allowed"),
        (lambda payload: payload + bytes(12_000), "payload_too_big"),
    ],
)
def test_a_bad_payload_ends_with_its_reason_and_no_run(
    desk: Desk, wallet: LocalAccount, payload: Any, reason: str
) -> None:
    command = desk.listener.command(_judged(desk, desk.start(wallet, alter=payload)))
    assert (command.state, command.outcome, command.reason) == ("decided", "rolled_back", reason)
    assert command.evidence == {
        "commit": "", "image_digest": "", "pod_uid": "", "ready_since": "", "reason": reason,
    }  # fmt: skip
    (failure,) = desk.events(command.id, "failure")
    assert failure.data["code"] == reason


def test_a_start_that_says_it_is_a_stop_is_refused(desk: Desk, wallet: LocalAccount) -> None:
    flagged = desk.start(wallet, stop=True)
    assert desk.listener.command(_judged(desk, flagged)).reason == "stop_flag_mismatch"


def test_a_revoked_key_is_refused(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.start(wallet)
    desk.listener.platform.revoke_key(desk.key.key_id)
    assert desk.listener.command(_judged(desk, command)).reason == "key_revoked"


def test_a_key_that_the_platform_does_not_hold_is_refused(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.listener.submit(wallet, b"\x01\x01sealed to another key")
    assert desk.listener.command(_judged(desk, command)).reason == "key_unknown"


def test_a_sender_that_is_not_the_clients_wallet_is_refused(
    desk: Desk, wallet: LocalAccount, proxy: RpcProxy
) -> None:
    command = desk.start(wallet)
    desk.listener.catch_up()
    other = "0x" + desk.listener.chain.accounts[7].address[2:].lower().rjust(64, "0")
    real = "0x" + wallet.address[2:].lower().rjust(64, "0")
    proxy.lie("eth_call", lambda params, result: other if result == real else result)
    desk.admission(rpc_url=proxy.url).step()
    assert desk.listener.command(command).reason == "sender_not_authorised"


def test_a_command_that_the_contract_decided_is_done_and_never_runs(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.start(wallet)
    desk.listener.catch_up()
    desk.listener.platform.approve(bytes.fromhex(command[2:]), b"\x11" * 32)
    with pytest.raises(PlatformError, match="not final yet"):
        desk.admission().step()
    assert desk.listener.command(command).state == "new"
    desk.listener.chain.finalize()
    desk.admission().step()
    found = desk.listener.command(command)
    assert (found.state, found.outcome, found.evidence_hash) == ("done", "approved", "0x" + "11" * 32)


def test_nothing_is_concluded_while_the_chain_is_away(
    desk: Desk, wallet: LocalAccount, proxy: RpcProxy
) -> None:
    command = desk.start(wallet)
    desk.listener.catch_up()
    proxy.drops = True
    with pytest.raises(PlatformError, match="away"):
        desk.admission(rpc_url=proxy.url).step()
    assert desk.listener.command(command).state == "new"
    proxy.heal()
    desk.admission(rpc_url=proxy.url).step()
    assert desk.listener.command(command).state == "admitted"


def test_unreadable_keys_are_an_alarm_and_no_refusal(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.start(wallet)
    desk.listener.catch_up()
    (key,) = (desk.folder / "keys").glob("*.key")
    admission = desk.admission()
    key.rename(desk.folder / "aside")
    with pytest.raises(PlatformError) as raised:
        admission.step()
    assert raised.value.code == "undecided"
    assert desk.listener.command(command).state == "new"
    assert desk.listener.alarms() == {"admission_blocked": 1}
    (desk.folder / "aside").rename(key)
    admission.step()
    assert desk.listener.command(command).state == "admitted"
    assert desk.listener.alarms() == {}


def test_a_stop_ends_the_starts_before_it_that_never_ran(desk: Desk, wallet: LocalAccount) -> None:
    start, stop = desk.start(wallet), desk.stop(wallet)
    desk.admit()
    ended = desk.listener.command(start)
    assert (ended.state, ended.outcome, ended.reason) == ("decided", "rolled_back", "superseded")
    assert desk.listener.command(stop).state == "admitted"


def test_one_client_that_must_wait_does_not_hold_up_another(desk: Desk, wallets: list[LocalAccount]) -> None:
    decided, later, other = desk.start(wallets[0]), desk.start(wallets[0]), desk.start(wallets[1])
    desk.listener.catch_up()
    desk.listener.platform.approve(bytes.fromhex(decided[2:]), b"\x11" * 32)
    with pytest.raises(PlatformError):
        desk.admission().step()
    states = desk.states()
    assert [states[command] for command in (decided, later, other)] == ["new", "new", "admitted"]


def _judged(desk: Desk, command: str) -> str:
    desk.admit()
    return command


def test_a_stop_is_claimed_before_the_starts_of_others(desk: Desk, wallets: list[LocalAccount]) -> None:
    start, stop = desk.start(wallets[0]), desk.stop(wallets[1])
    desk.admit()
    with desk.listener.engine.begin() as connection:
        claimed = [store.claim_next(connection, "test", 30, 60)[0].id for _ in range(2)]
    assert claimed == [stop, start]
