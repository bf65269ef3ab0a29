#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy BotPlatform, register wallets of clients and publish keys of the platform.

Running it again with the same --state does only what is still missing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import stat
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress, HexStr
from requests import RequestException
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3Exception
from web3.types import TxParams, TxReceipt
from web3.utils import get_create_address

ARTIFACT: Final = pathlib.Path(__file__).resolve().parent / "artifacts" / "BotPlatform.json"
RECEIPT_SECONDS: Final = 300

EXAMPLES: Final = """\
examples:
  Deploy once, register two wallets and publish an X-Wing key (suite 2):
    deploy.py --rpc-url http://127.0.0.1:8545 --admin-key-file admin.key --operator 0x7099…79C8 \\
      --state contract.json --wallet 0x3C44…93BC --wallet 0x90F7…b906 --publish-key 2:platform.pub

  Register one wallet more; nothing else changes:
    deploy.py --rpc-url http://127.0.0.1:8545 --admin-key-file admin.key --operator 0x7099…79C8 \\
      --state contract.json --wallet 0x15d3…6A65

files:
  admin.key     the admin's private key in hex, mode 0600
  platform.pub  a public key in hex
  contract.json what was deployed; written before the transaction is sent, so that no crash deploys twice
"""


class DeployError(Exception):
    """A reason to stop, in one sentence that names the object."""


@dataclass(frozen=True)
class Artifact:
    """The compiled contract: its ABI and its creation bytecode in hex."""

    abi: list[dict[str, Any]]
    bytecode: HexStr

    @classmethod
    def read(cls, path: pathlib.Path = ARTIFACT) -> Artifact:
        """Read what ``scripts/build.sh`` wrote."""
        content = json.loads(path.read_text(encoding="ascii"))
        return cls(content["abi"], content["bytecode"])

    @property
    def digest(self) -> str:
        """SHA-256 of the bytecode, in hex."""
        return hashlib.sha256(bytes.fromhex(self.bytecode.removeprefix("0x"))).hexdigest()


@dataclass(frozen=True)
class State:
    """Which deployment a state file speaks of; ``artifact`` is the digest of its bytecode."""

    chain_id: int
    address: ChecksumAddress
    transaction: HexStr
    artifact: str

    @classmethod
    def read(cls, path: pathlib.Path) -> State | None:
        """Read a state file; None if there is none."""
        try:
            content = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return cls(**json.loads(content))
        except (ValueError, TypeError) as error:
            raise DeployError(f"The state file {path} is damaged: {error}") from None

    def write(self, path: pathlib.Path) -> None:
        """Replace a state file in one step."""
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
            json.dump(asdict(self), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)


@dataclass(frozen=True)
class PublicKey:
    """A key that payloads are sealed to."""

    suite: int
    content: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the key's SHA-256."""
        return hashlib.sha256(self.content).digest()[:4]


class Deployer:
    """The admin's hands on one chain: every method does only what is missing."""

    def __init__(self, web3: Web3, admin: LocalAccount, artifact: Artifact) -> None:
        self.web3 = web3
        self.admin = admin
        self.artifact = artifact
        self._chain_id = web3.eth.chain_id

    def contract(self, operator: ChecksumAddress, state_file: pathlib.Path | None) -> tuple[Contract, int]:
        """Return the contract and the number of its block; deploy it if ``state_file`` knows of none.

        :raises DeployError: if the file is about another chain or another contract.
        """
        state = State.read(state_file) if state_file else None
        receipt = self._receipt(state, state_file) if state else None
        if state is None or receipt is None:
            state, receipt = self._deploy(operator, state_file)
        contract = self.web3.eth.contract(address=state.address, abi=self.artifact.abi)
        role = contract.functions.OPERATOR_ROLE().call()
        if not contract.functions.hasRole(role, operator).call():
            self.send(contract.functions.grantRole(role, operator))
        return contract, receipt["blockNumber"]

    def register(self, contract: Contract, wallets: Iterable[ChecksumAddress]) -> dict[ChecksumAddress, int]:
        """Register the wallets that are no client's yet; return the client number of each."""
        clients: dict[ChecksumAddress, int] = {}
        for wallet in wallets:
            if contract.functions.clientOf(wallet).call() == 0:
                self.send(contract.functions.registerClient(wallet))
            clients[wallet] = contract.functions.clientOf(wallet).call()
        return clients

    def publish(self, contract: Contract, keys: Iterable[PublicKey]) -> dict[int, str]:
        """Publish the keys that are not there yet; return the id in hex of the last one of each suite.

        :raises DeployError: if a key was revoked, for then it never comes back.
        """
        published: dict[int, str] = {}
        for key in keys:
            suite, revoked, _ = contract.functions.keyOf(key.key_id).call()
            if revoked:
                raise DeployError(f"Cannot publish key {key.key_id.hex()}: it was revoked")
            if suite == 0:
                self.send(contract.functions.publishKey(key.suite, key.content))
            published[key.suite] = "0x" + key.key_id.hex()
        return published

    def send(self, call: ContractFunction | ContractConstructor) -> TxReceipt:
        """Send one call as the admin and wait until it is mined.

        :raises DeployError: if the chain refuses it.
        """
        return self._broadcast(*self._sign(call))

    def _sign(self, call: ContractFunction | ContractConstructor) -> tuple[bytes, HexStr]:
        nonce = self.web3.eth.get_transaction_count(self.admin.address)
        transaction: TxParams = {"from": self.admin.address, "nonce": nonce, "chainId": self._chain_id}
        try:
            signed = self.admin.sign_transaction(call.build_transaction(transaction))  # type: ignore[arg-type]
        except ContractLogicError as error:
            raise DeployError(f"The chain refuses {_name(call)}: {error.data or error}") from None
        return bytes(signed.raw_transaction), HexStr(Web3.to_hex(signed.hash))

    def _broadcast(self, raw: bytes, transaction: HexStr) -> TxReceipt:
        self.web3.eth.send_raw_transaction(raw)
        receipt = self.web3.eth.wait_for_transaction_receipt(transaction, timeout=RECEIPT_SECONDS)
        if receipt["status"] != 1:
            raise DeployError(f"The transaction {transaction} was mined but failed")
        return receipt

    def _deploy(self, operator: ChecksumAddress, state_file: pathlib.Path | None) -> tuple[State, TxReceipt]:
        factory = self.web3.eth.contract(abi=self.artifact.abi, bytecode=self.artifact.bytecode)
        nonce = self.web3.eth.get_transaction_count(self.admin.address)
        raw, transaction = self._sign(factory.constructor(self.admin.address, operator))
        address = get_create_address(self.admin.address, nonce)
        state = State(self._chain_id, address, transaction, self.artifact.digest)
        if state_file is not None:
            state.write(state_file)
        return state, self._broadcast(raw, transaction)

    def _receipt(self, state: State, state_file: pathlib.Path | None) -> TxReceipt | None:
        if state.chain_id != self._chain_id:
            raise DeployError(f"{state_file} is about chain {state.chain_id}, this is chain {self._chain_id}")
        try:
            self.web3.eth.get_transaction(state.transaction)
        except TransactionNotFound:
            # A local chain starts from nothing every time; the file is then about a chain that is gone.
            if not self.web3.eth.get_code(state.address):
                return None
            raise DeployError(f"{state.address} holds code that {state_file} does not know") from None
        if state.artifact != self.artifact.digest:
            raise DeployError(f"{state.address} of {state_file} was deployed from another BotPlatform")
        return self.web3.eth.wait_for_transaction_receipt(state.transaction, timeout=RECEIPT_SECONDS)


def _name(call: ContractFunction | ContractConstructor) -> str:
    return call.fn_name if isinstance(call, ContractFunction) else "the deployment"


def read_key_file(path: pathlib.Path) -> LocalAccount:
    """Read a private key in hex.

    :raises DeployError: if the file is absent, damaged or open to group or others.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(256)
    except OSError as error:
        raise DeployError(f"Cannot read the key file {path}: {error.strerror}") from None
    if mode & 0o077:
        raise DeployError(f"The key file {path} has mode {mode:04o}: group or others may enter; set 0600")
    try:
        account: LocalAccount = Account.from_key(content.decode("ascii").strip())
    except ValueError:
        # The parser's own words may quote the key.
        raise DeployError(f"The key file {path} holds no private key in hex") from None
    return account


def _wallet(text: str) -> ChecksumAddress:
    if not Web3.is_address(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address")
    return Web3.to_checksum_address(text)


def _public_key(text: str) -> PublicKey:
    suite, _, path = text.partition(":")
    try:
        content = bytes.fromhex(pathlib.Path(path).read_text(encoding="ascii").strip().removeprefix("0x"))
        return PublicKey(int(suite), content)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not SUITE:FILE with a key in hex: {error}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rpc-url", required=True, help="JSON-RPC address of a node")
    parser.add_argument("--admin-key-file", required=True, type=pathlib.Path, help="the admin's private key")
    parser.add_argument("--operator", required=True, type=_wallet, help="address that decides commands")
    parser.add_argument("--state", type=pathlib.Path, help="file that remembers the deployment")
    parser.add_argument("--wallet", action="append", default=[], type=_wallet, help="wallet to register")
    parser.add_argument(
        "--publish-key", action="append", default=[], type=_public_key, metavar="SUITE:FILE",
        help="public key to publish; suite 1 is X25519, 2 is X-Wing",
    )  # fmt: skip
    return parser


def deploy(options: argparse.Namespace) -> dict[str, object]:
    """Do what the options ask for and describe what is there now."""
    admin = read_key_file(options.admin_key_file)
    web3 = Web3(Web3.HTTPProvider(options.rpc_url))
    deployer = Deployer(web3, admin, Artifact.read())
    contract, block = deployer.contract(options.operator, options.state)
    keys = deployer.publish(contract, options.publish_key)
    return {
        "address": contract.address,
        "chain_id": web3.eth.chain_id,
        "block": block,
        "clients": deployer.register(contract, options.wallet),
        "keys": keys,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the description as JSON; 1 and one line on standard error if something is in the way."""
    try:
        print(json.dumps(deploy(_parser().parse_args(arguments)), indent=2))
    except RequestException as error:
        # Its words would repeat the address, which may hold a provider's token.
        print(f"deploy.py: Cannot reach the chain: {type(error).__name__}", file=sys.stderr)
        return 1
    except (DeployError, Web3Exception) as error:
        print(f"deploy.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
