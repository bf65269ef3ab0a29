# SPDX-License-Identifier: GPL-3.0-or-later
"""deploy.py against a real chain."""

from __future__ import annotations

import hashlib
import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.anvil import CONTRACTS, Anvil, Platform, deploy_platform, running_anvil

PUBLIC_KEY = bytes(range(32))


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with running_anvil() as chain:
        yield chain


@pytest.fixture
def platform(chain: Anvil) -> Platform:
    return deploy_platform(chain)


class Command:
    """deploy.py as an operator calls it, with its files in a folder of the test."""

    def __init__(self, chain: Anvil, folder: pathlib.Path) -> None:
        self.chain = chain
        self.state = folder / "state.json"
        self.key_file = folder / "admin.key"
        self.key_file.touch(mode=0o600)
        self.key_file.write_text(chain.accounts[0].key.hex())
        self.public_key_file = folder / "platform.pub"
        self.public_key_file.write_text(PUBLIC_KEY.hex())

    def line(self, *arguments: str, url: str | None = None) -> list[str]:
        line = [sys.executable, str(CONTRACTS / "deploy.py"), "--rpc-url", url or self.chain.url]
        line += ["--admin-key-file", str(self.key_file), "--state", str(self.state)]
        return [*line, "--operator", self.chain.accounts[1].address, *arguments]

    def run(self, *arguments: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
        line = self.line(*arguments, url=url)
        return subprocess.run(line, capture_output=True, text=True, check=False)

    def described(self, *arguments: str) -> dict[str, Any]:
        result = self.run(*arguments)
        assert result.returncode == 0, result.stderr
        description: dict[str, Any] = json.loads(result.stdout)
        return description


@pytest.fixture
def command(chain: Anvil, tmp_path: pathlib.Path) -> Command:
    return Command(chain, tmp_path)


def test_a_second_run_sends_nothing(command: Command, chain: Anvil) -> None:
    wallets = [account.address for account in chain.accounts[2:4]]
    arguments = ["--wallet", wallets[0], "--wallet", wallets[1]]
    arguments += ["--publish-key", f"1:{command.public_key_file}"]
    first = command.described(*arguments)
    head = chain.head
    assert command.described(*arguments) == first
    assert chain.head == head
    assert first["clients"] == {wallets[0]: 1, wallets[1]: 2}
    assert first["keys"] == {"1": "0x" + hashlib.sha256(PUBLIC_KEY).hexdigest()[:8]}
    assert chain.web3.eth.get_code(first["address"], block_identifier=first["block"])
    assert not chain.web3.eth.get_code(first["address"], block_identifier=first["block"] - 1)


def test_a_later_run_does_only_what_is_missing(command: Command, chain: Anvil) -> None:
    first = command.described("--wallet", chain.accounts[2].address)
    head = chain.head
    second = command.described("--wallet", chain.accounts[2].address, "--wallet", chain.accounts[3].address)
    assert chain.head == head + 1
    assert second["address"] == first["address"]
    assert list(second["clients"].values()) == [1, 2]


def test_another_operator_gets_the_role(command: Command, chain: Anvil) -> None:
    address = command.described()["address"]
    other = chain.accounts[5].address
    command.described("--operator", other)
    contract = chain.web3.eth.contract(
        address=address, abi=json.loads((CONTRACTS / "artifacts/BotPlatform.json").read_text())["abi"]
    )
    assert contract.functions.hasRole(contract.functions.OPERATOR_ROLE().call(), other).call()


def test_a_crash_between_sending_and_mining_deploys_once(command: Command, chain: Anvil) -> None:
    chain.automine(False)
    try:
        interrupted = subprocess.Popen(command.line(), stdout=subprocess.DEVNULL)
        while chain.rpc("txpool_status")["pending"] == "0x0":
            assert interrupted.poll() is None
            time.sleep(0.05)
        interrupted.kill()
        interrupted.wait()
        nonce = chain.web3.eth.get_transaction_count(chain.accounts[0].address, "pending")
    finally:
        chain.automine(True)
    chain.mine()
    address = command.described()["address"]
    assert chain.web3.eth.get_code(address)
    assert chain.web3.eth.get_transaction_count(chain.accounts[0].address) == nonce


def test_a_chain_that_began_anew_gets_a_new_contract(command: Command) -> None:
    first = command.described()
    with running_anvil() as other:
        command.chain = other
        second = command.described()
        assert other.web3.eth.get_code(second["address"])
    assert first["chain_id"] == second["chain_id"]


def test_a_state_of_another_chain_is_refused(command: Command) -> None:
    command.described()
    with running_anvil(chain_id=4242) as other:
        result = command.run(url=other.url)
    assert result.returncode == 1
    assert "is about chain 31337, this is chain 4242" in result.stderr


def test_a_state_of_another_contract_is_refused(command: Command) -> None:
    command.described()
    state = json.loads(command.state.read_text())
    command.state.write_text(json.dumps(state | {"artifact": "0" * 64}))
    assert "another BotPlatform" in command.run().stderr


def test_a_damaged_state_is_refused(command: Command) -> None:
    command.state.write_text("{")
    assert "is damaged" in command.run().stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_file_open_to_others_is_refused(command: Command, chain: Anvil, mode: int) -> None:
    command.key_file.chmod(mode)
    head = chain.head
    result = command.run()
    assert result.returncode == 1
    assert "set 0600" in result.stderr
    assert chain.head == head


def test_a_damaged_key_file_is_not_quoted(command: Command) -> None:
    command.key_file.write_text("canary-1d0c")
    result = command.run()
    assert result.returncode == 1
    assert "holds no private key" in result.stderr
    assert "canary" not in result.stderr


def test_an_unreachable_chain_is_named_without_its_address(command: Command) -> None:
    result = command.run(url="http://127.0.0.1:9/canary-token")
    assert result.returncode == 1
    assert "Cannot reach the chain" in result.stderr
    assert "canary" not in result.stderr


def test_an_admin_without_the_role_is_told(command: Command, chain: Anvil) -> None:
    command.described()
    command.key_file.write_text(chain.accounts[7].key.hex())
    result = command.run("--wallet", chain.accounts[2].address)
    assert result.returncode == 1
    assert "refuses registerClient" in result.stderr


def test_a_command_goes_its_whole_way(chain: Anvil, platform: Platform) -> None:
    wallet = chain.accounts[2]
    key_id = platform.publish_key(1, PUBLIC_KEY)
    client = platform.register(wallet)
    command_id = platform.submit(wallet, key_id, b"sealed")
    assert platform.status(command_id) == "Pending"
    assert platform.next_sequence(wallet) == 2
    platform.roll_back(command_id, "key_unknown", b"\1" * 32)
    assert platform.status(command_id) == "RolledBack"
    assert platform.reason(command_id) == "key_unknown"
    assert client == 1


def test_the_command_id_is_the_published_formula(chain: Anvil, platform: Platform) -> None:
    wallet, payload = chain.accounts[2], b"sealed"
    key_id = platform.publish_key(1, PUBLIC_KEY)
    client = platform.register(wallet)
    command_id = platform.submit(wallet, key_id, payload)
    words = [chain.chain_id, platform.address, client, 1, key_id, chain.web3.keccak(payload)]
    types = ["uint256", "address", "uint32", "uint64", "bytes4", "bytes32"]
    assert command_id == chain.web3.keccak(chain.web3.codec.encode(types, words))


def test_the_chain_finalizes_pauses_and_reorganises(chain: Anvil) -> None:
    head = chain.head
    assert chain.finalize() >= head
    replaced = chain.web3.eth.get_block("latest")
    chain.reorg(1)
    assert chain.web3.eth.get_block(replaced["number"])["hash"] != replaced["hash"]
    with chain.paused():
        assert chain.process.poll() is None
    assert chain.mine(2) == chain.head
