# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""From a sealed payload to the exchange secret that it asks for, in this process only."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _envelope
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._plan import (
    Exchange,
)


def exchange_of(options: t.Mapping[str, t.Any], client: Client) -> Exchange | None:
    """Return the exchange secret that the options ask for; None in a run without a command.

    :param options: ``sequence``, ``payload``, and with it ``key_id``, ``sender``, ``chain_id``, ``contract``
        and ``key_directory``. A sequence without a payload is held to the floor and brings no keys.
    :raises PlatformError: a refusal of the payload, or ``usage``.
    """
    if options["sequence"] is None:
        return None
    if options["payload"] is None:
        return Exchange(options["sequence"], "", None)
    payload = _bytes("payload", options["payload"])
    provenance = _envelope.Provenance(
        chain_id=options["chain_id"],
        contract=options["contract"],
        client=client.number,
        sender=options["sender"],
        sequence=options["sequence"],
        key_id=_bytes("key_id", options["key_id"]),
    )
    keystore = _envelope.KeyStore(options["key_directory"])
    command = _envelope.open_command(payload, provenance, keystore)
    digest = hashlib.sha256(payload).hexdigest()
    if command.exchange is None:
        return Exchange(provenance.sequence, digest, None)
    keys = {"BINANCE_API_KEY": command.exchange.key, "BINANCE_SECRET_KEY": command.exchange.secret}
    return Exchange(provenance.sequence, digest, keys)


def _bytes(name: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise PlatformError("usage", f"The {name} is not hexadecimal") from None


__all__ = ("exchange_of",)
