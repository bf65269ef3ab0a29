#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Seal a command to the platform's key and, with --submit, give it to the contract.

The result is JSON on standard output. Exit code 0: done; 1: refused, with one line on standard error;
3: sent, but not seen in a block in time: look the transaction up before you send anything else.
"""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import hashlib
import json
import pathlib
import sys
import typing as t

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from requests import RequestException
from web3 import Web3
from web3.exceptions import ContractLogicError, TimeExhausted, Web3Exception

try:
    from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
        DEFAULT_SUITE,
        STOP,
        Provenance,
        Suite,
        command_id,
        read_secret_file,
        seal,
    )
    from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
except ImportError:
    sys.exit(
        "seal.py: the collection is not on Python's path; install it there with\n"
        "  ansible-galaxy collection install bot_freqtrade.platform -p <site-packages of this Python>"
    )

EXAMPLES: t.Final = """\
examples:
  Seal a stop, send it and wait for its block:
    echo '{"operation": "trade.stop"}' |
      seal.py - --rpc-url https://rpc.example --contract 0x5FbD…0aa3 --wallet-key-file wallet.key --submit

  Seal a live start; somebody else signs and sends the payload:
    seal.py start.json --exchange-file exchange.json \\
      --rpc-url https://rpc.example --contract 0x5FbD…0aa3 --wallet 0xf39F…2266

  Ask for the exchange keys, and seal only to the platform key that you were told of:
    seal.py start.json --ask-exchange --fingerprint 9f86…0f00 \\
      --rpc-url https://rpc.example --contract 0x5FbD…0aa3 --wallet-key-file wallet.key --submit

files:
  start.json     the command; its JSON Schema is docs/schemas/command.schema.json
  exchange.json  {"key": "…", "secret": "…"}, mode 0600
  wallet.key     the wallet's private key in hex, or an encrypted keystore (JSON), mode 0600
"""

_ABI: t.Final[list[dict[str, t.Any]]] = [
    {
        "type": "function",
        "name": name,
        "stateMutability": "nonpayable" if name == "submit" else "view",
        "inputs": [{"name": "", "type": kind} for kind in inputs],
        "outputs": [{"name": "", "type": kind} for kind in outputs],
    }
    for name, inputs, outputs in (
        ("clientOf", ["address"], ["uint32"]),
        ("nextSequence", ["uint32"], ["uint64"]),
        ("currentKey", ["uint8"], ["bytes4"]),
        ("keyOf", ["bytes4"], ["uint8", "bool", "bytes"]),
        ("submit", ["uint64", "bytes4", "bool", "bytes"], ["bytes32"]),
    )
]

REVERTS: t.Final = {
    "BotPlatformWalletNotRegistered(address)": "the wallet is no client's: ask the platform to register it",
    "BotPlatformSequenceMismatch(uint32,uint64,uint64)": "another command came first: seal again",
    "BotPlatformPendingLimit(uint32,uint256,uint256)": "too many commands wait for a verdict: wait for one",
    "BotPlatformKeyUnknown(bytes4)": "the platform's key is not published: seal again",
    "BotPlatformKeyAlreadyRevoked(bytes4)": "the platform's key was revoked: seal again",
    "BotPlatformPayloadSize(uint256,uint256)": "the payload is too long",
}


class SealError(Exception):
    """A reason to stop, in one sentence that names the object and no secret."""


@dataclasses.dataclass(frozen=True)
class PlatformKey:
    """The key to seal to, as the contract names it now."""

    suite: int
    key_id: bytes
    public_key: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, in hex."""
        return hashlib.sha256(self.public_key).hexdigest()


class Chain:
    """What a client asks of the contract.

    :param url: JSON-RPC address of a node.
    :param contract: address of BotPlatform.
    """

    def __init__(self, url: str, contract: ChecksumAddress) -> None:
        self._web3 = Web3(Web3.HTTPProvider(url))
        self._contract = self._web3.eth.contract(address=contract, abi=_ABI)
        self.chain_id = self._web3.eth.chain_id
        if not self._web3.eth.get_code(contract):
            raise SealError(f"There is no contract at {contract} on chain {self.chain_id}")

    def platform_key(self, suite: int) -> PlatformKey:
        """Return the platform's current key of a suite."""
        key_id = bytes(self._contract.functions.currentKey(suite).call())
        if not any(key_id):
            raise SealError(f"The platform has no key of suite {suite}")
        found, revoked, public_key = self._contract.functions.keyOf(key_id).call()
        if revoked or found != suite:
            raise SealError(f"The platform's key {key_id.hex()} is revoked or of another suite")
        return PlatformKey(suite, key_id, bytes(public_key))

    def provenance(self, wallet: ChecksumAddress, key: PlatformKey) -> Provenance:
        """Return what the wallet's next command is bound to."""
        client = self._contract.functions.clientOf(wallet).call()
        if client == 0:
            raise SealError(f"The wallet {wallet} is no client's: ask the platform to register it")
        sequence = self._contract.functions.nextSequence(client).call()
        return Provenance(self.chain_id, self._contract.address, client, wallet, sequence, key.key_id)

    def send(self, wallet: LocalAccount, provenance: Provenance, stop: bool, payload: bytes) -> str:
        """Sign and send a command; return the hash of its transaction."""
        call = self._contract.functions.submit(provenance.sequence, provenance.key_id, stop, payload)
        nonce = self._web3.eth.get_transaction_count(wallet.address, "pending")
        try:
            transaction = call.build_transaction(
                {"from": wallet.address, "nonce": nonce, "chainId": self.chain_id}
            )
        except ContractLogicError as error:
            raise SealError(f"The contract refuses the command: {explain_revert(str(error.data))}") from None
        # A verdict that comes in between empties a storage slot, and filling it again costs more gas.
        transaction["gas"] = transaction["gas"] * 5 // 4
        signed = wallet.sign_transaction(transaction)  # type: ignore[arg-type]
        return Web3.to_hex(self._web3.eth.send_raw_transaction(signed.raw_transaction))

    def wait(self, transaction: str, seconds: float) -> int:
        """Return the number of the block that took the transaction.

        :raises TimeExhausted: when none did in time.
        """
        receipt = self._web3.eth.wait_for_transaction_receipt(
            t.cast("t.Any", transaction), timeout=seconds, poll_latency=0.2
        )
        if receipt["status"] != 1:
            raise SealError(f"The transaction {transaction} failed: another command came first; seal again")
        return receipt["blockNumber"]


def explain_revert(data: str) -> str:
    """Say in words what a revert of the contract means."""
    for signature, meaning in REVERTS.items():
        if data.startswith(Web3.to_hex(Web3.keccak(text=signature)[:4])):
            return meaning
    return f"revert {data[:10]}"


def read_command(options: argparse.Namespace) -> dict[str, t.Any]:
    """Read the command and put the exchange keys into it."""
    if options.command == "-":
        text = sys.stdin.read()
    else:
        try:
            text = pathlib.Path(options.command).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SealError(f"Cannot read {options.command}: {type(error).__name__}") from None
    command = _json_object(text, "The command")
    if options.exchange_file is None and not options.ask_exchange:
        return command
    if "exchange" in command:
        raise SealError("The command has exchange keys already: give them once")
    if options.ask_exchange:
        exchange = {"key": getpass.getpass("Exchange key: "), "secret": getpass.getpass("Exchange secret: ")}
    else:
        content = read_secret_file(options.exchange_file).decode("utf-8", "replace")
        exchange = _json_object(content, f"The file {options.exchange_file}")
    return command | {"exchange": exchange}


def read_wallet(path: pathlib.Path) -> LocalAccount:
    """Read a wallet's private key from a file: in hex, or a keystore whose password is asked for."""
    content = read_secret_file(path).decode("ascii", "replace").strip()
    try:
        if content.startswith("{"):
            key: t.Any = Account.decrypt(content, getpass.getpass("Wallet password: "))
        else:
            key = content
        account: LocalAccount = Account.from_key(key)
    except (ValueError, KeyError, TypeError):
        # The library's own words may quote the key.
        raise SealError(f"The file {path} holds no private key, or the password is wrong") from None
    return account


def _json_object(text: str, name: str) -> dict[str, t.Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SealError(f"{name} is no JSON object")
    return value


def _fingerprint(text: str) -> str:
    if len(bytes.fromhex(text)) != hashlib.sha256().digest_size:
        raise ValueError("not SHA-256")
    return text.lower()


def _address(text: str) -> ChecksumAddress:
    if not Web3.is_address(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address")
    return Web3.to_checksum_address(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    options = argparse.ArgumentParser(
        prog="seal.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("command", help="file with the command as JSON; - is standard input")
    options.add_argument("--rpc-url", required=True, help="JSON-RPC address of a node that you trust")
    options.add_argument("--contract", required=True, type=_address, help="address of BotPlatform")
    wallet = options.add_mutually_exclusive_group(required=True)
    wallet.add_argument("--wallet", type=_address, help="address of the wallet that will submit")
    wallet.add_argument("--wallet-key-file", type=pathlib.Path, help="private key of that wallet")
    exchange = options.add_mutually_exclusive_group()
    exchange.add_argument("--exchange-file", type=pathlib.Path, help="JSON file with key and secret")
    exchange.add_argument("--ask-exchange", action="store_true", help="ask for the exchange keys")
    options.add_argument(
        "--suite",
        type=int,
        choices=[int(suite) for suite in Suite],
        default=int(DEFAULT_SUITE),
        help="1 is X25519, 2 is X-Wing (the default)",
    )
    options.add_argument(
        "--fingerprint",
        type=_fingerprint,
        help="SHA-256 of the platform's public key, in hex; another key is refused",
    )
    options.add_argument("--submit", action="store_true", help="sign, send and wait for the block")
    options.add_argument("--timeout", type=float, default=300, help="seconds to wait for it (300)")
    return options


def run(options: argparse.Namespace) -> dict[str, t.Any]:
    """Seal, submit if asked to, and describe what was done."""
    if options.submit and options.wallet_key_file is None:
        raise SealError("--submit needs --wallet-key-file")
    wallet = None if options.wallet_key_file is None else read_wallet(options.wallet_key_file)
    command = read_command(options)
    chain = Chain(options.rpc_url, options.contract)
    key = chain.platform_key(options.suite)
    if options.fingerprint not in (None, key.fingerprint):
        raise SealError(f"The contract's key has the fingerprint {key.fingerprint}, not the given one")
    provenance = chain.provenance(wallet.address if wallet else options.wallet, key)
    payload = seal(command, key.public_key, provenance.binding(key.suite))
    stop = command["operation"] == STOP
    result: dict[str, t.Any] = {
        "command_id": Web3.to_hex(command_id(provenance, payload)),
        "chain_id": provenance.chain_id,
        "contract": provenance.contract,
        "client": provenance.client,
        "sender": provenance.sender,
        "sequence": provenance.sequence,
        "key_id": Web3.to_hex(provenance.key_id),
        "fingerprint": key.fingerprint,
        "stop": stop,
        "payload": Web3.to_hex(payload),
    }
    if options.submit and wallet is not None:
        result["transaction"] = chain.send(wallet, provenance, stop, payload)
        result["block"] = _wait(chain, result["transaction"], options.timeout)
    return result


def _wait(chain: Chain, transaction: str, seconds: float) -> int | None:
    """Return the transaction's block; None when it is unknown whether there is one."""
    try:
        return chain.wait(transaction, seconds)
    except (TimeExhausted, RequestException):
        return None


def main(arguments: list[str] | None = None) -> int:
    """Print the result as JSON; one line on standard error and 1 when something is in the way."""
    try:
        result = run(parser().parse_args(arguments))
    except PlatformError as error:
        print(f"seal.py: {error.code}: {error.message}", file=sys.stderr)
        return 1
    except RequestException as error:
        # Its words would repeat the address, which may hold a provider's token.
        print(f"seal.py: Cannot reach the chain: {type(error).__name__}", file=sys.stderr)
        return 1
    except (SealError, Web3Exception) as error:
        print(f"seal.py: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result, indent=2))
    if result.get("transaction") and result["block"] is None:
        print("seal.py: Sent, but not seen in a block: look the transaction up", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
