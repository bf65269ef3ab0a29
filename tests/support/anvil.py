# SPDX-License-Identifier: GPL-3.0-or-later
"""A local chain for tests: anvil on a free port, with BotPlatform on it.

A test asks for what it needs::

    @pytest.fixture(scope="module")
    def chain() -> Iterator[Anvil]:
        with running_anvil() as chain:
            yield chain

    def test_something(chain: Anvil) -> None:
        platform = deploy_platform(chain)
        key_id = platform.publish_key(2, public_key)
        client = platform.register(chain.accounts[2])
        command_id = platform.submit(chain.accounts[2], key_id, payload)
        chain.finalize()

Account 0 is the contract's admin, account 1 its operator; the others are free to be wallets.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_account import Account
from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import RPCEndpoint, TxReceipt

from infra.contracts.deploy import Artifact, Deployer, PublicKey

CONTRACTS: Final = pathlib.Path(__file__).resolve().parents[2] / "infra" / "contracts"
START_SECONDS: Final = 30.0
LISTENING: Final = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Anvil:
    """A running chain. With ``slots_in_an_epoch`` 1, finalized follows latest by two blocks."""

    process: subprocess.Popen[bytes]
    port: int
    accounts: tuple[LocalAccount, ...]
    web3: Web3

    @property
    def url(self) -> str:
        """Address of the JSON-RPC."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def chain_id(self) -> int:
        """Number of the chain."""
        return self.web3.eth.chain_id

    @property
    def head(self) -> int:
        """Number of the latest block."""
        return self.web3.eth.block_number

    @property
    def finalized(self) -> int:
        """Number of the finalized block."""
        return self.web3.eth.get_block("finalized")["number"]

    def rpc(self, method: str, *parameters: object) -> Any:
        """Call any JSON-RPC method; raise ``RuntimeError`` with the node's words if it answers an error."""
        answer = self.web3.provider.make_request(RPCEndpoint(method), list(parameters))
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def mine(self, blocks: int = 1) -> int:
        """Mine blocks at once and return the number of the latest."""
        self.rpc("anvil_mine", hex(blocks))
        return self.head

    def finalize(self) -> int:
        """Mine until everything mined so far is finalized; return the number of the finalized block."""
        head = self.head
        while self.finalized < head:
            self.mine()
        return self.finalized

    def reorg(self, depth: int, transactions: Sequence[tuple[str, int]] = ()) -> None:
        """Replace the latest ``depth`` blocks by others.

        :param transactions: (signed raw transaction in hex, index of the new block that takes it); others of
            the replaced blocks are dropped.
        """
        self.rpc("anvil_reorg", depth, [list(pair) for pair in transactions])

    def automine(self, enabled: bool) -> None:
        """Let each transaction make its block at once, or none until :meth:`mine`."""
        self.rpc("evm_setAutomine", enabled)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop answering: connections are taken, and nothing comes back."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def send(self, call: ContractFunction, account: LocalAccount) -> TxReceipt:
        """Send one call and wait for its block; needs automine or a block time."""
        transaction = call.build_transaction(
            {
                "from": account.address,
                "nonce": self.web3.eth.get_transaction_count(account.address, "pending"),
                "chainId": self.chain_id,
            }
        )
        signed = account.sign_transaction(transaction)  # type: ignore[arg-type]
        sent = self.web3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.02)
        assert receipt["status"] == 1, f"{call.fn_name} failed on the chain"
        return receipt


@dataclass(frozen=True)
class Platform:
    """BotPlatform on a chain, and the accounts that run it."""

    chain: Anvil
    contract: Contract
    block: int
    admin: LocalAccount
    operator: LocalAccount

    @property
    def address(self) -> str:
        """Checksum address of the contract."""
        return self.contract.address

    def register(self, wallet: LocalAccount) -> int:
        """Make a wallet a client and return the client's number."""
        self.chain.send(self.contract.functions.registerClient(wallet.address), self.admin)
        client: int = self.contract.functions.clientOf(wallet.address).call()
        return client

    def publish_key(self, suite: int, public_key: bytes) -> bytes:
        """Publish a key and return its id."""
        self.chain.send(self.contract.functions.publishKey(suite, public_key), self.admin)
        return PublicKey(suite, public_key).key_id

    def revoke_key(self, key_id: bytes) -> None:
        """Revoke a key for good."""
        self.chain.send(self.contract.functions.revokeKey(key_id), self.admin)

    def next_sequence(self, wallet: LocalAccount) -> int:
        """The number that the wallet's next payload must be sealed for."""
        client = self.contract.functions.clientOf(wallet.address).call()
        sequence: int = self.contract.functions.nextSequence(client).call()
        return sequence

    def submit(self, wallet: LocalAccount, key_id: bytes, payload: bytes, *, stop: bool = False) -> bytes:
        """Submit a payload under the wallet's next sequence; return the id of the command."""
        call = self.contract.functions.submit(self.next_sequence(wallet), key_id, stop, payload)
        receipt = self.chain.send(call, wallet)
        (event,) = self.contract.events.EncryptedCommand().process_receipt(receipt)
        return bytes(event["args"]["commandId"])

    def approve(self, command_id: bytes, evidence: bytes) -> TxReceipt:
        """Decide a command as the operator."""
        return self.chain.send(self.contract.functions.approve(command_id, evidence), self.operator)

    def roll_back(self, command_id: bytes, reason: str, evidence: bytes) -> TxReceipt:
        """Decide a command as the operator; ``reason`` is one of the collection's codes."""
        code = reason.encode("ascii").ljust(32, b"\0")
        return self.chain.send(self.contract.functions.rollBack(command_id, code, evidence), self.operator)

    def status(self, command_id: bytes) -> str:
        """None, Pending, Approved or RolledBack."""
        status: int = self.contract.functions.commandOf(command_id).call()[0]
        return ("None", "Pending", "Approved", "RolledBack")[status]

    def reason(self, command_id: bytes) -> str:
        """The code a command was rolled back for."""
        reason = HexBytes(self.contract.functions.commandOf(command_id).call()[4])
        return reason.rstrip(b"\0").decode("ascii")


def deploy_platform(chain: Anvil) -> Platform:
    """Put a new BotPlatform on the chain, with account 0 as admin and account 1 as operator."""
    admin, operator = chain.accounts[:2]
    contract, block = Deployer(chain.web3, admin, Artifact.read()).contract(operator.address, None)
    return Platform(chain, contract, block, admin, operator)


@contextlib.contextmanager
def running_anvil(
    *, chain_id: int = 31337, port: int = 0, block_time: float | None = None, options: Sequence[str] = ()
) -> Iterator[Anvil]:
    """Run an anvil until the block ends, or this process does.

    :param port: 0 takes a free one; a number lets a test bring a chain back where it was.
    :param block_time: seconds between blocks; None mines one for each transaction.
    :param options: more of anvil's own, such as ``--state FILE``.
    """
    with tempfile.TemporaryDirectory(prefix="anvil-") as folder:
        config, log = pathlib.Path(folder) / "config.json", pathlib.Path(folder) / "log"
        arguments = ["--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id)]
        arguments += ["--slots-in-an-epoch", "1", "--config-out", str(config), *options]
        if block_time is not None:
            arguments += ["--block-time", str(block_time)]
        # A test run that is killed must not leave a chain behind: the kernel ends anvil with its parent.
        command = ["setpriv", "--pdeathsig", "KILL", anvil_program(), *arguments]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            listening = _wait_until_listening(process, log)
            keys = json.loads(config.read_text(encoding="ascii"))["private_keys"]
            web3 = Web3(Web3.HTTPProvider(f"http://127.0.0.1:{listening}"))
            yield Anvil(process, listening, tuple(Account.from_key(key) for key in keys), web3)
        finally:
            _end(process)


def anvil_program() -> str:
    """Path of anvil; installs it on the first call of a machine."""
    toolchain = subprocess.run(
        [CONTRACTS / "scripts" / "toolchain.sh"], check=True, stdout=subprocess.PIPE, text=True
    )
    return f"{toolchain.stdout.strip()}/anvil"


def _wait_until_listening(process: subprocess.Popen[bytes], log: pathlib.Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = LISTENING.search(log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return int(found[1])
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"anvil did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
