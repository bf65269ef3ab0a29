# SPDX-License-Identifier: GPL-3.0-or-later
"""``watch`` against a real chain and a real database."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from eth_account.signers.local import LocalAccount

from listener import store
from listener.loop import Stop, run_loop
from listener.store import statistics
from listener.watch import ChainConflictError, Watcher
from tests.support.anvil import Platform
from tests.support.rpc_proxy import Alter, RpcProxy

if TYPE_CHECKING:
    from .conftest import Listener


def test_a_final_command_is_stored_as_the_chain_has_it(listener: Listener, wallet: LocalAccount) -> None:
    command_id = listener.submit(wallet, b"\x01sealed", stop=True)
    listener.catch_up()
    (command,) = listener.commands()
    assert command.id == command_id
    assert (command.client, command.sequence, command.stop) == (1, 1, True)
    assert command.sender == wallet.address.lower()
    assert command.key_id == "0x" + listener.key_id.hex()
    assert bytes(command.payload) == b"\x01sealed"
    assert (command.state, command.attempt, command.outcome) == ("new", 0, None)
    block = listener.chain.web3.eth.get_block(command.block_number)
    assert command.block_hash == block["hash"].to_0x_hex()
    assert command.timings["mined"] == block["timestamp"]
    assert command.timings["seen"] > time.time() - 60


def test_nothing_is_stored_before_finality(listener: Listener, wallet: LocalAccount) -> None:
    listener.submit(wallet)
    drain(listener.watcher())
    assert listener.commands() == []


def test_a_depth_replaces_the_finalized_tag(listener: Listener, wallet: LocalAccount) -> None:
    listener.submit(wallet)
    watcher = listener.watcher(confirmations=5)
    listener.chain.mine(4)
    watcher.step()
    assert listener.commands() == []
    listener.chain.mine()
    watcher.step()
    assert len(listener.commands()) == 1


def test_a_dropped_event_leaves_nothing(listener: Listener, wallet: LocalAccount) -> None:
    watcher = listener.watcher()
    listener.submit(wallet)
    watcher.step()
    listener.chain.reorg(1)
    listener.chain.finalize()
    drain(watcher)
    assert listener.commands() == []


def test_a_moved_event_is_stored_once(listener: Listener, wallet: LocalAccount) -> None:
    watcher = listener.watcher()
    command_id = listener.submit(wallet)
    transaction = listener.chain.web3.eth.get_block("latest", full_transactions=True)["transactions"][0]
    raw = listener.chain.rpc("eth_getRawTransactionByHash", transaction["hash"].to_0x_hex())
    watcher.step()
    listener.chain.reorg(1, [(raw, 0)])
    listener.chain.finalize()
    drain(watcher)
    (command,) = listener.commands()
    assert command.id == command_id
    assert command.block_hash != transaction["blockHash"].to_0x_hex()


def test_another_command_after_a_reorg_has_another_id(listener: Listener, wallet: LocalAccount) -> None:
    dropped = listener.submit(wallet, b"first")
    listener.chain.reorg(1)
    kept = listener.submit(wallet, b"second")
    listener.catch_up()
    (command,) = listener.commands()
    assert command.id == kept != dropped


def test_many_clients_of_one_block_are_stored_in_its_order(listener: Listener, platform: Platform) -> None:
    wallets = platform.chain.accounts[2:8]
    for account in wallets:
        platform.register(account)
    platform.chain.automine(False)
    for account in wallets:
        call = platform.contract.functions.submit(1, listener.key_id, False, b"sealed")
        transaction = call.build_transaction(
            {"from": account.address, "nonce": platform.chain.web3.eth.get_transaction_count(account.address)}
        )
        platform.chain.web3.eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction)
    platform.chain.mine()
    platform.chain.automine(True)
    listener.catch_up()
    commands = listener.commands()
    assert len({command.block_hash for command in commands}) == 1
    assert sorted(command.client for command in commands) == list(range(1, len(wallets) + 1))
    assert len({command.log_index for command in commands}) == len(wallets)


def test_a_decided_command_is_never_queued_again(listener: Listener, wallet: LocalAccount) -> None:
    command_id = listener.submit(wallet)
    listener.platform.roll_back(bytes.fromhex(command_id[2:]), "strategy_raises", b"\7" * 32)
    listener.catch_up()
    (command,) = listener.commands()
    assert (command.state, command.outcome, command.reason) == ("done", "rolled_back", "strategy_raises")
    assert command.evidence_hash == "0x" + "07" * 32


def test_limits_halve_the_range_and_skip_no_block(
    listener: Listener, wallet: LocalAccount, proxy: RpcProxy
) -> None:
    listener.submit(wallet)
    listener.chain.mine(20)
    final = listener.chain.finalize()
    proxy.max_batch = 3  # the chain id, the logs, one block
    watcher = listener.watcher(rpc_url=proxy.url)
    drain(watcher)
    assert listener.block_numbers() == list(range(listener.platform.block, final + 1))
    assert len(listener.commands()) == 1


def test_http_429_halves_and_then_waits(listener: Listener, proxy: RpcProxy) -> None:
    watcher = listener.watcher(rpc_url=proxy.url)
    proxy.status = 429
    with pytest.raises(PlatformError, match="429") as caught:
        watcher.step()
    assert caught.value.code == "chain_unreachable"
    proxy.heal()
    listener.chain.finalize()
    drain(watcher)
    assert listener.block_numbers()[-1] == listener.chain.finalized


def _first_log(change: dict[str, Any]) -> Alter:
    def alter(params: list[Any], logs: Any) -> Any:
        return [{**log, **(change if index == 0 else {})} for index, log in enumerate(logs)]

    return alter


def _only(key: str, alter: Alter) -> Alter:
    """Lie only in queries by range ("fromBlock") or by block ("blockHash")."""
    return lambda params, logs: alter(params, logs) if key in params[0] else logs


def _other_block(field: str, value: str) -> Alter:
    """Lie about blocks asked for by number, from the second on."""
    seen: list[str] = []

    def alter(params: list[Any], block: Any) -> Any:
        if not params[0].startswith("0x"):
            return block
        seen.append(params[0])
        return {**block, field: value} if len(seen) > 1 else block

    return alter


def _other_head() -> Alter:
    """Give the final block another hash when it is asked for by its number."""
    heads: set[str] = set()

    def alter(params: list[Any], block: Any) -> Any:
        if params[0] == "finalized":
            heads.add(block["number"])
        return {**block, "hash": HASH} if params[0] in heads else block

    return alter


HASH = "0x" + "ab" * 32
LIES: dict[str, tuple[str, Alter, str]] = {
    "another chain": ("eth_chainId", lambda params, result: "0x1", "it comes from chain 1"),
    "a parent that is none": (
        "eth_getBlockByNumber", _other_block("parentHash", HASH), "is not the child of block",
    ),
    "a block of another number": (
        "eth_getBlockByNumber", _other_block("number", "0x7"), "another number than was asked for",
    ),
    "another hash of the head": ("eth_getBlockByNumber", _other_head(), "has changed while it was read"),
    "no such block": (
        "eth_getBlockByNumber",
        lambda params, result: None if params[0].startswith("0x") else result,
        "does not have a block that it named before",
    ),
    "an empty bloom": (
        "eth_getBlockByNumber",
        lambda params, block: {**block, "logsBloom": "0x" + "00" * 256},
        "not in the bloom of its block",
    ),
    "no logs of the range": (
        "eth_getLogs", _only("fromBlock", lambda params, logs: []), "not those of its blocks",
    ),
    "no logs of the block": (
        "eth_getLogs", _only("blockHash", lambda params, logs: []), "more logs than were given",
    ),
    "no logs at all": ("eth_getLogs", lambda params, logs: [], "more logs than were given"),
    "all logs but the last": ("eth_getLogs", lambda params, logs: logs[:-1], "more logs than were given"),
    "a log twice": ("eth_getLogs", lambda params, logs: [*logs, *logs[:1]], "given twice"),
    "a log of another address": (
        "eth_getLogs", _first_log({"address": "0x" + "11" * 20}), "another address or topic",
    ),
    "a log of another topic": ("eth_getLogs", _first_log({"topics": [HASH]}), "another address or topic"),
    "a log of another block": ("eth_getLogs", _first_log({"blockHash": HASH}), "which was not asked for"),
    "a log that was removed": ("eth_getLogs", _first_log({"removed": True}), "which was not asked for"),
    "a log with rubbish": (
        "eth_getLogs", lambda params, logs: [{**log, "data": "0x1234"} for log in logs], "0x1234",
    ),
    "a log with another payload": (
        "eth_getLogs",
        lambda params, logs: [{**log, "data": log["data"].replace("5ea1ed", "5ea1ee")} for log in logs],
        "has not the id of its contents",
    ),
    "a command the contract has not": (
        "eth_call", lambda params, result: "0x" + "00" * 192, "does not hold the command",
    ),
    "a command of another client": (
        "eth_call",
        lambda params, result: result[:66] + "00" * 31 + "05" + result[130:],
        "does not hold the command",
    ),
    "no list": ("eth_getLogs", lambda params, logs: None, "no list of objects"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_not_believed_and_does_no_harm(
    name: str, listener: Listener, wallet: LocalAccount, proxy: RpcProxy
) -> None:
    listener.catch_up()
    for _ in range(2):
        listener.submit(wallet, bytes.fromhex("5ea1ed") * 11)
    listener.chain.finalize()
    written = listener.written()
    method, alter, text = LIES[name]
    proxy.lie(method, alter)
    watcher = listener.watcher(rpc_url=proxy.url)
    with pytest.raises(PlatformError, match=text) as caught:
        drain(watcher)
    assert caught.value.code == "chain_invalid"
    assert listener.written() == written
    proxy.heal()
    drain(watcher)
    assert [command.sequence for command in listener.commands()] == [2, 1]
    assert {bytes(command.payload) for command in listener.commands()} == {bytes.fromhex("5ea1ed") * 11}


def test_an_outage_is_noted_and_nothing_is_lost(
    listener: Listener, wallet: LocalAccount, proxy: RpcProxy
) -> None:
    watcher, stop = listener.watcher(rpc_url=proxy.url), Stop()
    thread = threading.Thread(
        target=run_loop, args=(watcher.step, stop, lambda: stop.wait(0.05) and None, watcher.away)
    )
    thread.start()
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(thread.join)
        cleanup.callback(stop.set)
        _eventually(lambda: _view(listener) is not None and _view(listener).final is not None)
        proxy.drops = True
        _eventually(lambda: _view(listener).error == "chain_unreachable")
        listener.submit(wallet)
        listener.chain.finalize()
        proxy.heal()
        _eventually(lambda: len(listener.commands()) == 1)
        _eventually(lambda: _view(listener).error == "")


def test_a_final_row_is_there_within_300_ms(listener: Listener, wallet: LocalAccount) -> None:
    watcher, stop = listener.watcher(), Stop()
    watcher_pause = watcher._settings.poll_seconds
    thread = threading.Thread(
        target=run_loop, args=(watcher.step, stop, lambda: stop.wait(watcher_pause) and None, watcher.away)
    )
    listener.catch_up()
    thread.start()
    latencies = []
    try:
        for number in range(3):
            listener.submit(wallet)
            listener.chain.mine(2)
            start = time.monotonic()
            _eventually(lambda expected=number + 1: len(listener.commands()) == expected, pause=0.005)  # type: ignore[misc]
            latencies.append(time.monotonic() - start)
    finally:
        stop.set()
        thread.join()
    # Twice the aim: the machine of a test run is busy.
    assert sorted(latencies)[1] < 0.6, latencies


def test_a_reorg_below_finality_is_an_alarm_and_the_end(listener: Listener, wallet: LocalAccount) -> None:
    listener.submit(wallet)
    watcher = listener.watcher()
    listener.chain.finalize()
    drain(watcher)
    listener.chain.reorg(5)
    listener.chain.finalize()
    written = listener.written()
    for _ in range(2):
        with pytest.raises(PlatformError, match="the store has"):
            watcher.step()
    with pytest.raises(ChainConflictError):
        watcher.step()
    assert listener.written() == written
    assert listener.alarms() == {"chain_conflict": 1}


def test_a_chain_that_begins_anew_is_an_alarm_though_it_is_shorter(listener: Listener) -> None:
    listener.chain.mine(6)
    listener.catch_up()
    listener.chain.rpc("anvil_rollback", 6)
    listener.chain.rpc("evm_increaseTime", 100)
    listener.chain.mine(3)
    assert listener.chain.finalized < listener.block_numbers()[-1]
    watcher = listener.watcher()
    for _ in range(2):
        with pytest.raises(PlatformError, match="the store has"):
            watcher.step()
    with pytest.raises(ChainConflictError):
        watcher.step()


def test_an_alarm_is_cleared_when_the_chain_agrees_again(listener: Listener) -> None:
    listener.catch_up()
    with listener.engine.begin() as connection:
        store.raise_alarm(connection, "chain_conflict", "test")
    listener.watcher().step()
    assert listener.alarms() == {}


def test_several_watchers_write_each_block_once(listener: Listener, wallet: LocalAccount) -> None:
    for number in range(3):
        listener.submit(wallet, bytes([number + 1]))
    final = listener.chain.finalize()
    watchers = [listener.watcher(max_range=2) for _ in range(3)]
    failures: list[BaseException] = []

    def watch(index: int) -> None:
        try:
            drain(watchers[index])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=watch, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert listener.block_numbers() == list(range(listener.platform.block, final + 1))
    assert [command.sequence for command in listener.commands()] == [3, 2, 1]


def test_the_database_of_another_contract_is_refused(listener: Listener) -> None:
    listener.catch_up()
    with pytest.raises(store.SourceError, match="it cannot take chain"):
        listener.watcher(contract="0x" + "12" * 20).step()


def drain(watcher: Watcher) -> None:
    """Let a watcher read everything that is final."""
    while watcher.step():
        pass


def _view(listener: Listener) -> Any:
    with listener.engine.begin() as connection:
        return statistics.chain_view(connection)


def _eventually(condition: Any, seconds: float = 60, pause: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(pause)
