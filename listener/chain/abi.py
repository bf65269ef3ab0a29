# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of BotPlatform's ABI that the listener speaks; a test holds it to the compiled contract."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from .rpc import invalid

EVENT: t.Final = "EncryptedCommand(bytes32,uint32,address,uint64,bytes4,bytes)"
EVENT_TOPIC: t.Final = "0x" + keccak(text=EVENT).hex()
APPROVE: t.Final = "approve(bytes32,bytes32)"
ROLL_BACK: t.Final = "rollBack(bytes32,bytes32,bytes32)"
COMMAND_OF: t.Final = "commandOf(bytes32)"
KEY_OF: t.Final = "keyOf(bytes4)"
CLIENT_OF: t.Final = "clientOf(address)"
WALLET_OF: t.Final = "walletOf(uint32)"
NOT_PENDING: t.Final = "BotPlatformCommandNotPending(bytes32,uint8)"
NOT_OPERATOR: t.Final = "AccessControlUnauthorizedAccount(address,bytes32)"

Status = t.Literal["none", "pending", "approved", "rolled_back"]
_STATUSES: t.Final[tuple[Status, ...]] = ("none", "pending", "approved", "rolled_back")


@dataclass(frozen=True, slots=True)
class OnChainCommand:
    """What the contract holds of a command; *evidence* is 0x and 64 hexadecimal digits."""

    status: Status
    client: int
    sequence: int
    stop: bool
    reason: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Event:
    """The fields of an ``EncryptedCommand``."""

    command_id: str
    client: int
    sender: str
    sequence: int
    key_id: bytes
    payload: bytes


def selector(signature: str) -> str:
    """Return the first four bytes of a signature's hash, ``0x…``."""
    return "0x" + keccak(text=signature)[:4].hex()


def command_id(
    chain_id: int, contract: str, client: int, sequence: int, key_id: bytes, payload: bytes
) -> str:
    """Return the id that the contract gives a command, ``0x…``."""
    types = ["uint256", "address", "uint32", "uint64", "bytes4", "bytes32"]
    return "0x" + keccak(encode(types, [chain_id, contract, client, sequence, key_id, keccak(payload)])).hex()


def decode_event(topics: list[str], data: str) -> Event:
    """Return the event of a log.

    :raises PlatformError: ``chain_invalid``; the log is no ``EncryptedCommand``.
    """
    if len(topics) != 4 or topics[0] != EVENT_TOPIC:
        raise invalid("a log has other topics than the filter")
    client, sender = _decode(["uint32", "address"], topics[2] + topics[3][2:])
    sequence, key_id, payload = _decode(["uint64", "bytes4", "bytes"], data)
    return Event(topics[1], client, sender.lower(), sequence, key_id, payload)


def decode_command(data: str) -> OnChainCommand:
    """Return the answer of ``commandOf``.

    :raises PlatformError: ``chain_invalid``; the data cannot come from the contract.
    """
    status, client, sequence, stop, reason, evidence = _decode(
        ["uint8", "uint32", "uint64", "bool", "bytes32", "bytes32"], data
    )
    if status >= len(_STATUSES):
        raise invalid(f"a command has status {status}")
    text = reason.rstrip(b"\0").decode("ascii", "backslashreplace")
    return OnChainCommand(_STATUSES[status], client, sequence, stop, text, "0x" + evidence.hex())


def command_of(command: str) -> str:
    """Return the call data of ``commandOf``."""
    return selector(COMMAND_OF) + command[2:]


def approve(command: str, evidence: bytes) -> str:
    """Return the call data of ``approve``; *evidence* has 32 bytes."""
    return selector(APPROVE) + command[2:] + evidence.hex()


def roll_back(command: str, reason: str, evidence: bytes) -> str:
    """Return the call data of ``rollBack``; *reason* is an ASCII code of at most 31 characters."""
    code = reason.encode("ascii")
    if not 0 < len(code) < 32:
        raise ValueError(f"The reason {reason!r} does not fit")
    return selector(ROLL_BACK) + command[2:] + code.ljust(32, b"\0").hex() + evidence.hex()


def key_of(key_id: bytes) -> str:
    """Return the call data of ``keyOf``."""
    return selector(KEY_OF) + encode(["bytes4"], [key_id]).hex()


def client_of(wallet: str) -> str:
    """Return the call data of ``clientOf``."""
    return selector(CLIENT_OF) + encode(["address"], [wallet]).hex()


def wallet_of(client: int) -> str:
    """Return the call data of ``walletOf``."""
    return selector(WALLET_OF) + encode(["uint32"], [client]).hex()


def decode_key(data: str) -> tuple[int, bool]:
    """Return suite (0: never published) and whether it is revoked, of the answer of ``keyOf``."""
    suite, revoked, _public_key = _decode(["uint8", "bool", "bytes"], data)
    return suite, revoked


def decode_client(data: str) -> int:
    """Return the number (0: none) of the answer of ``clientOf``."""
    client: int = _decode(["uint32"], data)[0]
    return client


def decode_wallet(data: str) -> str:
    """Return the address in lower case of the answer of ``walletOf``."""
    return str(_decode(["address"], data)[0]).lower()


def _decode(types: list[str], data: str) -> tuple[t.Any, ...]:
    try:
        return decode(types, bytes.fromhex(data.removeprefix("0x")))
    except (DecodingError, ValueError) as error:
        raise invalid(f"{data[:20]}… is not ({', '.join(types)})") from error


__all__ = (
    "CLIENT_OF",
    "COMMAND_OF",
    "EVENT_TOPIC",
    "KEY_OF",
    "NOT_OPERATOR",
    "NOT_PENDING",
    "WALLET_OF",
    "Event",
    "OnChainCommand",
    "Status",
    "approve",
    "client_of",
    "command_id",
    "command_of",
    "decode_client",
    "decode_command",
    "decode_event",
    "decode_key",
    "decode_wallet",
    "key_of",
    "roll_back",
    "selector",
    "wallet_of",
)
