# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Write the published test vectors of the envelope: ``python docs/vectors/envelope.py``.

Keys and values are derived from labels. HPKE draws an ephemeral key for each sealing, so a payload that still
opens to its text is kept: running this again changes only what had to change.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    MAX_PAYLOAD,
    Binding,
    PrivateKey,
    Provenance,
    command_id,
    pad,
    seal_bytes,
)
from cryptography.exceptions import InvalidTag

FILE: t.Final = pathlib.Path(__file__).with_suffix(".json")
Vector = dict[str, t.Any]

STOP: t.Final[Vector] = {"operation": "trade.stop"}
START: t.Final[Vector] = {
    "operation": "trade.start",
    "specification": {
        "strategy": "SampleTrend",
        "pairs": ["BTC/USDT", "ETH/USDT"],
        "timeframe": "5m",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 2,
        "dry_run": True,
        "dry_run_wallet": 1000,
    },
}
EXCHANGE: t.Final[Vector] = {
    "key": "vectorExchangeKeyAAAAAAAAAAAAAAA",
    "secret": "vectorExchangeSecretBBBBBBBBBBBB",
}
LIVE: t.Final[Vector] = START | {"specification": START["specification"] | {"dry_run": False}}


def derived(label: str, length: int = 32) -> bytes:
    """Return bytes that depend on nothing but the label."""
    return hashlib.shake_256(b"bot_freqtrade envelope vectors: " + label.encode()).digest(length)


KEYS: t.Final = [PrivateKey(suite, derived(f"private key of suite {suite}")) for suite in (1, 2)]
OTHER_KEY: t.Final = PrivateKey(1, derived("second private key of suite 1"))


def provenance_for(key: PrivateKey) -> Provenance:
    """Return where the vectors' commands come from."""
    return Provenance(
        chain_id=31337,
        contract="0x" + derived("contract", 20).hex(),
        client=1,
        sender="0x" + derived("sender", 20).hex(),
        sequence=7,
        key_id=key.key_id,
    )


def text_of(command: Vector) -> bytes:
    """Return the padded plaintext of a command."""
    return pad(json.dumps(command, separators=(",", ":")).encode())


class Sealer:
    """Seals each text once, and keeps the payload of an earlier run that still opens to it."""

    def __init__(self, earlier: t.Iterable[str]) -> None:
        self._known = [bytes.fromhex(payload.removeprefix("0x")) for payload in earlier]

    def __call__(self, plaintext: bytes, key: PrivateKey, provenance: Provenance) -> bytes:
        binding = provenance.binding(key.suite)
        for payload in self._known:
            if _opens_to(plaintext, payload, key, binding):
                return payload
        self._known.append(seal_bytes(plaintext, key.public_key, binding))
        return self._known[-1]


def _opens_to(plaintext: bytes, payload: bytes, key: PrivateKey, binding: Binding) -> bool:
    if payload[:2] != bytes((1, key.suite)):
        return False
    try:
        return key.suite.hpke().decrypt(payload[2:], key.handle, info=binding.info()) == plaintext
    except InvalidTag:
        return False


def vector(name: str, command: Vector, key: PrivateKey, seal: Sealer) -> Vector:
    """Return one vector that opens."""
    provenance = provenance_for(key)
    plaintext = text_of(command)
    payload = seal(plaintext, key, provenance)
    return {
        "name": name,
        "suite": int(key.suite),
        "private_key": _hex(key.seed),
        "public_key": _hex(key.public_key),
        "provenance": _public(provenance),
        "info": _hex(provenance.binding(key.suite).info()),
        "plaintext": plaintext.decode(),
        "payload": _hex(payload),
        "command_id": _hex(command_id(provenance, payload)),
    }


def refusals(seal: Sealer) -> t.Iterator[Vector]:
    """Yield one vector for each reason to refuse a payload."""
    for key in KEYS:
        yield from _not_opened(key, seal)
    key = KEYS[0]
    provenance = provenance_for(key)
    good = seal(text_of(START), key, provenance)
    yield refusal("longer than any command", "payload_too_big", key, bytes((1, 1)) + bytes(MAX_PAYLOAD - 1))
    yield refusal("empty", "payload_malformed", key, b"")
    yield refusal("another version", "payload_malformed", key, b"\x02" + good[1:])
    stranger = PrivateKey(1, derived("unknown private key"))
    yield refusal("key that the platform does not hold", "key_unknown", stranger, good)
    yield refusal("revoked key", "key_revoked", key, good, revoked=True)
    yield refusal("suite that does not exist", "suite_not_allowed", key, bytes((1, 9)) + good[2:])
    yield refusal("suite of another key", "suite_not_allowed", key, bytes((1, 2)) + good[2:])
    for name, code, plaintext in _bad_plaintexts():
        yield refusal(name, code, key, seal(plaintext, key, provenance))
    yield refusal("start with the flag of a stop", "stop_flag_mismatch", key, good, stop=True)
    stop = seal(text_of(STOP), key, provenance)
    yield refusal("stop without its flag", "stop_flag_mismatch", key, stop, stop=False)
    yield refusal("wallet of somebody else", "sender_not_authorised", key, good, authorised=False)


def _not_opened(key: PrivateKey, seal: Sealer) -> t.Iterator[Vector]:
    provenance = provenance_for(key)
    good = seal(text_of(START), key, provenance)
    others: Vector = {
        "chain_id": 1,
        "contract": "0x" + derived("other contract", 20).hex(),
        "client": 2,
        "sender": "0x" + derived("other sender", 20).hex(),
        "sequence": 8,
    }
    for field, value in others.items():
        moved = dataclasses.replace(provenance, **{field: value})
        yield refusal(f"another {field}", "payload_not_opened", key, good, provenance=moved)
    if key.suite == OTHER_KEY.suite:
        yield refusal("another key_id", "payload_not_opened", OTHER_KEY, good)
    flipped = good[:-1] + bytes((good[-1] ^ 1,))
    yield refusal("one bit changed", "payload_not_opened", key, flipped)
    yield refusal("cut short", "payload_not_opened", key, good[:-1])
    yield refusal("nothing but a header", "payload_not_opened", key, good[:2])


def _bad_plaintexts() -> t.Iterator[tuple[str, str, bytes]]:
    padded_start = text_of(START)
    yield "not padded", "payload_schema", padded_start.rstrip()
    yield "not JSON", "payload_schema", pad(b"trade.stop")
    yield "not UTF-8", "payload_schema", pad(b'{"operation":"\xff"}')
    yield "duplicate key", "payload_schema", pad(b'{"operation":"trade.stop","operation":"trade.start"}')
    yield (
        "number out of range",
        "payload_schema",
        padded_start.replace(b":100,", b":1e999,").rstrip().ljust(len(padded_start)),
    )
    yield "unknown field", "payload_schema", text_of(START | {"note": "x"})
    yield "field missing", "payload_schema", text_of({"operation": "trade.start"})
    digits = EXCHANGE | {"key": "12345678901234567890123456789012"}
    yield "exchange key that reads as a number", "payload_schema", text_of(START | {"exchange": digits})
    yield "unknown operation", "operation_unknown", text_of({"operation": "trade.sell"})
    yield "live without exchange keys", "exchange_secret_missing", text_of(LIVE)


def refusal(
    name: str,
    code: str,
    key: PrivateKey,
    payload: bytes,
    *,
    provenance: Provenance | None = None,
    stop: bool = False,
    revoked: bool = False,
    authorised: bool = True,
) -> Vector:
    """Return one vector that is refused with a code."""
    return {
        "name": f"suite {key.suite:d}: {name}",
        "code": code,
        "provenance": _public(provenance or provenance_for(key)),
        "stop": stop,
        "revoked": revoked,
        "authorised": authorised,
        "payload": _hex(payload),
    }


def document(earlier: t.Iterable[str]) -> Vector:
    """Return all vectors."""
    seal = Sealer(earlier)
    return {
        "description": "Test vectors of the envelope. The keys are published: use them for tests only.",
        "keys": [
            {"suite": int(key.suite), "key_id": _hex(key.key_id), "private_key": _hex(key.seed)}
            for key in (*KEYS, OTHER_KEY)
        ],
        "vectors": [
            vector(f"suite {key.suite:d}: {name}", command, key, seal)
            for key in KEYS
            for name, command in (
                ("dry run", START),
                ("live", LIVE | {"exchange": EXCHANGE}),
                ("stop", STOP),
            )
        ],
        "refusals": list(refusals(seal)),
    }


def _public(provenance: Provenance) -> Vector:
    return dataclasses.asdict(provenance) | {"key_id": _hex(provenance.key_id)}


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def main() -> None:
    """Write the file beside this script."""
    published = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    earlier = [entry["payload"] for part in ("vectors", "refusals") for entry in published.get(part, [])]
    FILE.write_text(json.dumps(document(earlier), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
