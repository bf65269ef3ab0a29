# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The envelope: how a client's command travels sealed, and what it may say."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._binding import (
    Binding,
    Provenance,
    command_id,
    evidence_hash,
    evidence_json,
    keccak256,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._command import (
    Command,
    ExchangeKeys,
    check_and_open,
    open_command,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._keys import (
    DEFAULT_SUITE,
    KeyStore,
    PrivateKey,
    Suite,
    key_id_of,
    read_private_key,
    read_secret_file,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._schema import (
    COMMAND_SCHEMA,
    EXCHANGE_VALUE_SCHEMA,
    OPERATIONS,
    SPECIFICATION_SCHEMA,
    START,
    STOP,
    check_command,
    check_specification,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._seal import (
    MAX_PAYLOAD,
    MAX_PLAINTEXT,
    PADDING_STEP,
    open_sealed,
    pad,
    seal,
    seal_bytes,
)

__all__ = (
    "COMMAND_SCHEMA",
    "DEFAULT_SUITE",
    "EXCHANGE_VALUE_SCHEMA",
    "MAX_PAYLOAD",
    "MAX_PLAINTEXT",
    "OPERATIONS",
    "PADDING_STEP",
    "SPECIFICATION_SCHEMA",
    "START",
    "STOP",
    "Binding",
    "Command",
    "ExchangeKeys",
    "KeyStore",
    "PrivateKey",
    "Provenance",
    "Suite",
    "check_and_open",
    "check_command",
    "check_specification",
    "command_id",
    "evidence_hash",
    "evidence_json",
    "keccak256",
    "key_id_of",
    "open_command",
    "open_sealed",
    "pad",
    "read_private_key",
    "read_secret_file",
    "seal",
    "seal_bytes",
)
