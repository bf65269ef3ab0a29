# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What a sealed command is bound to, and the hashes that the contract knows it by."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._libraries import (
    libraries,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

INFO_LABEL: t.Final = b"fqt-cmd-v1\x00"
KEY_ID_LENGTH: t.Final = 4
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_WORD: t.Final = 32


def keccak256(data: bytes) -> bytes:
    """Hash as Ethereum does (this is not SHA3-256); 32 bytes."""
    with libraries():
        from Crypto.Hash import keccak
    return keccak.new(digest_bits=256, data=data).digest()


@dataclasses.dataclass(frozen=True)
class Provenance:
    """Where a command came from, as its event says.

    :param chain_id: number of the chain.
    :param contract: address of the BotPlatform contract, ``0x`` and 40 hex digits.
    :param client: number of the client.
    :param sender: address of the wallet that gave the command.
    :param sequence: number of the command among the client's commands: 1, 2, 3 ...
    :param key_id: first 4 bytes of SHA-256 of the platform's public key.
    :raises PlatformError: ``usage`` when a value does not fit its Solidity type.
    """

    chain_id: int
    contract: str
    client: int
    sender: str
    sequence: int
    key_id: bytes

    def __post_init__(self) -> None:
        for name, bits in (("chain_id", 256), ("client", 32), ("sequence", 64)):
            _require_unsigned(name, getattr(self, name), bits)
        for name in ("contract", "sender"):
            address = getattr(self, name)
            if not isinstance(address, str) or _ADDRESS.fullmatch(address) is None:
                raise PlatformError("usage", f"The {name} is not an address of 0x and 40 hex digits")
        if not isinstance(self.key_id, bytes) or len(self.key_id) != KEY_ID_LENGTH:
            raise PlatformError("usage", f"The key_id is not {KEY_ID_LENGTH} bytes")

    def binding(self, suite: int) -> Binding:
        """Add the suite that the payload names."""
        return Binding(
            self.chain_id, self.contract, self.client, self.sender, self.sequence, self.key_id, suite
        )


@dataclasses.dataclass(frozen=True)
class Binding(Provenance):
    """A provenance and a suite (1 or 2): a payload opens only under the very same values."""

    suite: int

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_unsigned("suite", self.suite, 8)

    def info(self) -> bytes:
        """Return HPKE's ``info``: the label, then the seven values as ``abi.encode`` lays them out."""
        return INFO_LABEL + b"".join(
            (
                _word(self.chain_id),
                _word(_address(self.contract)),
                _word(self.client),
                _word(_address(self.sender)),
                _word(self.sequence),
                self.key_id.ljust(_WORD, b"\x00"),
                _word(self.suite),
            )
        )


def command_id(provenance: Provenance, payload: bytes) -> bytes:
    """Return the 32 bytes that name a command on chain, as the contract computes them."""
    return keccak256(
        b"".join(
            (
                _word(provenance.chain_id),
                _word(_address(provenance.contract)),
                _word(provenance.client),
                _word(provenance.sequence),
                provenance.key_id.ljust(_WORD, b"\x00"),
                keccak256(payload),
            )
        )
    )


def evidence_json(evidence: t.Mapping[str, t.Any]) -> bytes:
    """Return the canonical JSON of an outcome's evidence: sorted keys, no spaces, ASCII."""
    return json.dumps(
        evidence, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def evidence_hash(evidence: t.Mapping[str, t.Any]) -> bytes:
    """Return the 32 bytes that the contract stores for an outcome's evidence."""
    return keccak256(evidence_json(evidence))


def _require_unsigned(name: str, value: object, bits: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << bits:
        raise PlatformError("usage", f"The {name} is not an unsigned number of {bits} bits")


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD, "big")


def _address(text: str) -> int:
    return int(text, 16)


__all__ = ("Binding", "Provenance", "command_id", "evidence_hash", "evidence_json", "keccak256")
