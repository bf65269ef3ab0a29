# SPDX-License-Identifier: GPL-3.0-or-later
"""``send`` against a real chain and a real database."""

from __future__ import annotations

import contextlib
import itertools
import threading
from typing import TYPE_CHECKING

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import evidence_hash
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from eth_account.signers.local import LocalAccount

from listener import store
from listener.send import slots
from tests.support.roles import eventually
from tests.support.rpc_proxy import RpcProxy

if TYPE_CHECKING:
    from listener.send.verdicts import VerdictSender

    from .conftest import Listener

GWEI = 10**9


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait before it is tried again."""
    monkeypatch.setattr(slots, "REBROADCAST_SECONDS", 0.0)
    monkeypatch.setattr(slots, "RETRY_SECONDS", 0.0)


def bring_home(listener: Listener, sender: VerdictSender, *commands: str) -> None:
    """Step and mine until the verdicts of all commands are final."""

    def home() -> bool:
        sender.step()
        listener.chain.mine()
        sender.step()
        return all(listener.command(command).state in ("done", "alarm") for command in commands)

    eventually(home)


def attempts(listener: Listener, command: str) -> list[store.Attempt]:
    with listener.engine.begin() as connection:
        return store.list_attempts(connection, command)


def test_an_approval_is_final_on_the_chain_before_it_is_done(
    listener: Listener, wallet: LocalAccount
) -> None:
    command = listener.decided(wallet)
    sender = listener.sender()
    sender.step()
    assert listener.command(command).state == "sent"
    sender.step()
    assert listener.command(command).state == "sent"
    assert "verdict_mined" in listener.command(command).timings
    bring_home(listener, sender, command)
    done = listener.command(command)
    assert done.state == "done"
    assert done.evidence_hash == "0x" + evidence_hash(done.evidence or {}).hex()
    assert listener.platform.status(bytes.fromhex(command[2:])) == "Approved"
    stages = sorted(done.timings, key=lambda stage: done.timings[stage])
    assert stages == ["mined", "seen", "admitted", "claimed", "decided", "sent", "verdict_mined", "final"]
    (attempt,) = attempts(listener, command)
    assert attempt.state == "final"


def test_a_roll_back_carries_its_code(listener: Listener, wallet: LocalAccount) -> None:
    command = listener.decided(wallet, "rolled_back", "strategy_not_loadable")
    bring_home(listener, listener.sender(), command)
    assert listener.platform.status(bytes.fromhex(command[2:])) == "RolledBack"
    assert listener.platform.reason(bytes.fromhex(command[2:])) == "strategy_not_loadable"


def test_a_verdict_that_the_contract_has_already_is_done(listener: Listener, wallet: LocalAccount) -> None:
    command = listener.decided(wallet)
    evidence = evidence_hash(listener.command(command).evidence or {})
    listener.platform.approve(bytes.fromhex(command[2:]), evidence)
    bring_home(listener, listener.sender(), command)
    assert listener.command(command).state == "done"
    assert attempts(listener, command) == []


@pytest.mark.parametrize("reason", ["", "bot_crashed"])
def test_another_verdict_on_the_chain_is_an_alarm(
    listener: Listener, wallet: LocalAccount, reason: str
) -> None:
    command = listener.decided(wallet)
    if reason:
        listener.platform.roll_back(bytes.fromhex(command[2:]), reason, b"\1" * 32)
    else:
        listener.platform.approve(bytes.fromhex(command[2:]), b"\1" * 32)
    bring_home(listener, listener.sender(), command)
    assert listener.command(command).state == "alarm"
    assert listener.alarms() == {"decided_otherwise": 1}


def test_a_key_without_the_role_takes_no_nonce(
    listener: Listener, wallet: LocalAccount, at_once: None
) -> None:
    command = listener.decided(wallet)
    stranger = listener.sender(listener.chain.accounts[9])
    stranger.step()
    assert attempts(listener, command) == []
    bring_home(listener, listener.sender(), command)
    assert listener.command(command).state == "done"


def test_a_late_verdict_raises_an_alarm_that_its_end_clears(
    listener: Listener, wallet: LocalAccount, at_once: None
) -> None:
    command = listener.decided(wallet)
    listener.sender(listener.chain.accounts[9], replace_seconds=1e-6).step()
    assert listener.alarms() == {"verdict_late": 1}
    bring_home(listener, listener.sender(), command)
    assert listener.alarms() == {}


def test_two_senders_give_each_of_many_commands_one_verdict(listener: Listener) -> None:
    wallets = listener.chain.accounts[2:8]
    for account in wallets:
        listener.platform.register(account)
    commands = [listener.submit(account) for account in wallets]
    listener.catch_up()
    for command in commands:
        listener.decide(command)
    listener.chain.automine(False)
    first = listener.chain.web3.eth.get_transaction_count(listener.platform.operator.address)
    senders = [listener.sender() for _ in range(2)]
    threads = [threading.Thread(target=sender.step) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [attempt for command in commands for attempt in attempts(listener, command)]
    assert sorted(attempt.nonce for attempt in made) == list(range(first, first + len(commands)))
    listener.chain.automine(True)
    bring_home(listener, senders[0], *commands)
    assert {listener.command(command).state for command in commands} == {"done"}


def test_a_foreign_transaction_that_takes_the_nonce_costs_only_another_one(
    listener: Listener, wallet: LocalAccount, at_once: None
) -> None:
    command = listener.decided(wallet)
    operator = listener.platform.operator
    listener.chain.automine(False)
    sender = listener.sender()
    sender.step()
    (stolen,) = attempts(listener, command)
    web3 = listener.chain.web3
    listener.chain.rpc("anvil_dropTransaction", stolen.hash)
    theft = operator.sign_transaction(
        {
            "type": 2, "chainId": listener.chain.chain_id, "to": operator.address, "value": 0, "gas": 21000,
            "nonce": stolen.nonce, "maxFeePerGas": 50 * GWEI, "maxPriorityFeePerGas": 2 * GWEI,
        }
    )  # fmt: skip
    web3.eth.send_raw_transaction(theft.raw_transaction)
    listener.chain.automine(True)
    listener.chain.mine()
    bring_home(listener, sender, command)
    assert listener.command(command).state == "done"
    assert [(attempt.nonce, attempt.state) for attempt in attempts(listener, command)] == [
        (stolen.nonce, "replaced"),
        (stolen.nonce + 1, "final"),
    ]
    assert listener.alarms() == {"nonce_taken": 1}


def test_a_waiting_transaction_is_replaced_by_one_that_pays_more(
    listener: Listener, wallet: LocalAccount
) -> None:
    command = listener.decided(wallet)
    listener.chain.automine(False)
    sender = listener.sender(replace_seconds=0.05)
    for _ in range(3):
        sender.step()
        threading.Event().wait(0.1)
    made = attempts(listener, command)
    assert len(made) == 3
    assert len({attempt.nonce for attempt in made}) == 1
    for old, new in itertools.pairwise(made):
        assert new.max_fee * 100 >= old.max_fee * 110
        assert new.priority_fee * 100 >= old.priority_fee * 110
    pool = listener.chain.rpc("txpool_content")["pending"]
    assert [item["hash"] for owned in pool.values() for item in owned.values()] == [made[-1].hash]
    listener.chain.automine(True)
    listener.chain.mine()
    bring_home(listener, sender, command)
    assert [attempt.state for attempt in attempts(listener, command)] == ["replaced", "replaced", "final"]


def test_fees_never_pass_the_cap(listener: Listener, wallet: LocalAccount, at_once: None) -> None:
    command = listener.decided(wallet)
    listener.chain.automine(False)
    sender = listener.sender(replace_seconds=0.01, max_fee_gwei=1.5)
    for _ in range(8):
        sender.step()
        threading.Event().wait(0.02)
    assert 1 < len(attempts(listener, command)) < 8
    assert max(attempt.max_fee for attempt in attempts(listener, command)) <= 1.5 * GWEI


def test_no_answer_to_a_broadcast_means_unknown(
    listener: Listener, wallet: LocalAccount, proxy: RpcProxy
) -> None:
    command = listener.decided(wallet)
    proxy.swallows = {"eth_sendRawTransaction"}  # it arrives, and nobody hears of it
    sender = listener.sender(rpc_url=proxy.url)
    bring_home(listener, sender, command)
    assert listener.command(command).state == "done"
    assert len(attempts(listener, command)) == 1
    assert proxy.methods().count("eth_sendRawTransaction") == 1


def test_a_transaction_that_the_node_dropped_is_sent_again(
    listener: Listener, wallet: LocalAccount, at_once: None
) -> None:
    command = listener.decided(wallet)
    listener.chain.automine(False)
    sender = listener.sender()
    sender.step()
    (attempt,) = attempts(listener, command)
    listener.chain.rpc("anvil_dropTransaction", attempt.hash)
    listener.chain.automine(True)
    bring_home(listener, sender, command)
    (again,) = attempts(listener, command)
    assert (again.hash, again.state) == (attempt.hash, "final")


def test_a_verdict_that_a_reorg_removes_is_sent_again(
    listener: Listener, wallet: LocalAccount, at_once: None
) -> None:
    command = listener.decided(wallet)
    sender = listener.sender()
    sender.step()
    sender.step()
    (attempt,) = attempts(listener, command)
    assert attempt.state == "mined"
    listener.chain.reorg(1)
    assert listener.platform.status(bytes.fromhex(command[2:])) == "Pending"
    bring_home(listener, sender, command)
    assert listener.command(command).state == "done"
    assert len(attempts(listener, command)) == 1


def test_an_outage_of_the_chain_keeps_every_intent(
    listener: Listener, wallet: LocalAccount, proxy: RpcProxy
) -> None:
    command = listener.decided(wallet)
    sender = listener.sender(rpc_url=proxy.url)
    proxy.drops = True
    with pytest.raises(PlatformError) as caught:
        sender.step()
    assert caught.value.code == "chain_unreachable"
    proxy.heal()
    bring_home(listener, sender, command)
    assert listener.command(command).state == "done"


def test_a_transaction_without_gas_fails_and_another_one_carries_the_verdict(
    listener: Listener, wallet: LocalAccount, proxy: RpcProxy, at_once: None
) -> None:
    command = listener.decided(wallet)
    sender = listener.sender(rpc_url=proxy.url)
    proxy.lie("eth_estimateGas", lambda params, gas: hex(int(gas, 16) // 2))
    sender.step()
    proxy.heal()
    bring_home(listener, sender, command)
    assert listener.command(command).state == "done"
    assert [attempt.state for attempt in attempts(listener, command)] == ["final", "final"]


def test_the_command_of_a_block_that_this_node_has_not_is_left_alone(
    listener: Listener, wallet: LocalAccount
) -> None:
    command = listener.decided(wallet)
    listener.chain.rpc("anvil_rollback", 4)
    sender = listener.sender()
    with contextlib.suppress(PlatformError):
        sender.step()
    assert listener.command(command).state == "decided"
    assert listener.alarms() == {}


def test_a_receipt_of_a_block_that_is_not_on_the_chain_closes_nothing(
    listener: Listener, wallet: LocalAccount, proxy: RpcProxy
) -> None:
    command = listener.decided(wallet)
    sender = listener.sender(rpc_url=proxy.url)
    sender.step()
    proxy.lie(
        "eth_getTransactionReceipt",
        lambda params, receipt: receipt and {**receipt, "blockHash": "0x" + "ab" * 32},
    )
    bring_home(listener, sender, command)
    sender.step()
    assert [attempt.state for attempt in attempts(listener, command)] == ["mined"]
    proxy.heal()
    sender.step()
    assert [attempt.state for attempt in attempts(listener, command)] == ["final"]
