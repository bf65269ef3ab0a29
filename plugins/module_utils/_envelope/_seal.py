# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Seal a command to the platform's public key, and open it again.

payload = version (1 byte) | suite (1 byte) | HPKE enc | ciphertext and tag
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._binding import (
    Binding,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._keys import (
    PrivateKey,
    Suite,
    key_id_of,
    load_public_key,
    read_private_key,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._libraries import (
    libraries,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._schema import (
    check_command,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

VERSION: t.Final = 1
PADDING_STEP: t.Final = 256
MAX_PLAINTEXT: t.Final = 8192
HEADER_LENGTH: t.Final = 2
_TAG_LENGTH: t.Final = 16
MAX_PAYLOAD: t.Final = HEADER_LENGTH + Suite.X_WING.enc_length + MAX_PLAINTEXT + _TAG_LENGTH


def seal(command: t.Mapping[str, t.Any], public_key: bytes, binding: Binding) -> bytes:
    """Check a command against the schema, pad it and seal it.

    :raises PlatformError: the code with which the platform would refuse the command, or ``usage`` when key
        and binding do not belong together.
    """
    check_command(command)
    return seal_bytes(pad(json.dumps(command, separators=(",", ":")).encode()), public_key, binding)


def pad(text: bytes) -> bytes:
    """Append spaces up to the next multiple of 256 bytes; raise ``payload_too_big`` above 8192."""
    padded = text.ljust(-(-len(text) // PADDING_STEP) * PADDING_STEP, b" ")
    if len(padded) > MAX_PLAINTEXT:
        raise PlatformError("payload_too_big", f"The command is longer than {MAX_PLAINTEXT} bytes")
    return padded


def seal_bytes(plaintext: bytes, public_key: bytes, binding: Binding) -> bytes:
    """Seal a plaintext as it is, without any check of its content."""
    suite = suite_of(binding.suite)
    handle = load_public_key(suite, public_key)
    if key_id_of(public_key) != binding.key_id:
        raise PlatformError("usage", f"The public key is not the one named {binding.key_id.hex()}")
    return bytes((VERSION, suite)) + suite.hpke().encrypt(plaintext, handle, info=binding.info())


def open_sealed(
    payload: bytes, private_key: PrivateKey | str | os.PathLike[str], binding: Binding
) -> dict[str, t.Any]:
    """Open a payload and return its JSON object, unchecked against the schema.

    :param private_key: the key, or the path of its file.
    :raises PlatformError: ``payload_too_big``, ``payload_malformed``, ``suite_not_allowed``,
        ``payload_not_opened`` or ``payload_schema``; neither text nor chained exceptions hold plaintext.
    """
    check_size(payload)
    check_version(payload)
    key = private_key if isinstance(private_key, PrivateKey) else read_private_key(private_key)
    check_suite(payload, key, {Suite(binding.suite)} if binding.suite in tuple(Suite) else set())
    plaintext = _decrypt(payload, key, binding)
    if plaintext is None:
        raise PlatformError("payload_not_opened", "The payload does not open under this key and binding")
    if len(plaintext) > MAX_PLAINTEXT:
        raise PlatformError("payload_too_big", f"The command is longer than {MAX_PLAINTEXT} bytes")
    command = _parse(plaintext)
    if command is None:
        raise PlatformError("payload_schema", "The command is no padded JSON object in UTF-8")
    return command


def check_size(payload: bytes) -> None:
    """Raise ``payload_too_big`` above what the longest command needs."""
    if len(payload) > MAX_PAYLOAD:
        raise PlatformError("payload_too_big", f"The payload is longer than {MAX_PAYLOAD} bytes")


def check_version(payload: bytes) -> None:
    """Raise ``payload_malformed`` for another version, or for a payload without a header."""
    if len(payload) < HEADER_LENGTH or payload[0] != VERSION:
        raise PlatformError("payload_malformed", f"The payload does not start with the version {VERSION}")


def check_suite(payload: bytes, key: PrivateKey, allowed: t.Collection[int]) -> None:
    """Raise ``suite_not_allowed`` unless the payload's suite is allowed and the key's own."""
    if payload[1] not in allowed or payload[1] != key.suite:
        raise PlatformError("suite_not_allowed", f"The suite {payload[1]} is not allowed with this key")


def suite_of(number: int) -> Suite:
    """Return the suite with this number; raise ``usage`` for another number."""
    if number not in tuple(Suite):
        raise PlatformError("usage", f"There is no suite {number}")
    return Suite(number)


def _decrypt(payload: bytes, key: PrivateKey, binding: Binding) -> bytes | None:
    with libraries():
        from cryptography.exceptions import InvalidTag
    try:
        return key.suite.hpke().decrypt(payload[HEADER_LENGTH:], key.handle, info=binding.info())
    except (InvalidTag, ValueError):
        return None


def _parse(plaintext: bytes) -> dict[str, t.Any] | None:
    """Return the object, or None: json's exceptions carry the whole text, so none may be chained."""
    if not plaintext or len(plaintext) % PADDING_STEP:
        return None
    try:
        value = json.loads(plaintext.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("duplicate key")
    return fields


def _no_constant(_name: str) -> t.NoReturn:
    raise ValueError("not JSON")


__all__ = (
    "HEADER_LENGTH",
    "MAX_PAYLOAD",
    "MAX_PLAINTEXT",
    "PADDING_STEP",
    "VERSION",
    "check_size",
    "check_suite",
    "check_version",
    "open_sealed",
    "pad",
    "seal",
    "seal_bytes",
    "suite_of",
)
