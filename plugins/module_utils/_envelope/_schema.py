# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""JSON Schema of what a client may command, and the check that names a fault without its value."""

from __future__ import annotations

import functools
import json
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._libraries import (
    libraries,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

if t.TYPE_CHECKING:
    import jsonschema
    import jsonschema.protocols

Json = dict[str, t.Any]

START: t.Final = "trade.start"
STOP: t.Final = "trade.stop"
OPERATIONS: t.Final = (START, STOP)

# `$(?!\n)` is the very end in Python, where `$` alone also stands before a last newline, and in ECMA 262.
_PAIR: t.Final = r"^[A-Z0-9]{1,20}/[A-Z0-9]{2,10}$(?!\n)"
_MAX_AMOUNT: t.Final = 1_000_000_000

SPECIFICATION_SCHEMA: t.Final[Json] = {
    "title": "Specification of a bot",
    "type": "object",
    "additionalProperties": False,
    "required": [
        "strategy",
        "pairs",
        "timeframe",
        "stake_currency",
        "stake_amount",
        "max_open_trades",
        "dry_run",
    ],
    "properties": {
        "strategy": {
            "description": "Name of a strategy in the image's catalogue.",
            "type": "string",
            "pattern": r"^[A-Za-z][A-Za-z0-9_]{0,63}$(?!\n)",
        },
        "pairs": {
            "description": "Spot pairs to trade, as BASE/QUOTE.",
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "uniqueItems": True,
            "items": {"type": "string", "pattern": _PAIR},
        },
        "timeframe": {
            "description": "Length of a candle.",
            "enum": ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"],
        },
        "stake_currency": {
            "description": "Currency that is staked: the quote of the pairs.",
            "type": "string",
            "pattern": r"^[A-Z][A-Z0-9]{1,9}$(?!\n)",
        },
        "stake_amount": {
            "description": "Stake of one trade, in the stake currency.",
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": _MAX_AMOUNT,
        },
        "max_open_trades": {
            "description": "Most trades open at a time.",
            "type": "integer",
            "minimum": 1,
            "maximum": 50,
        },
        "dry_run": {
            "description": "True: trade with simulated money. False: trade on the exchange.",
            "type": "boolean",
        },
        "dry_run_wallet": {
            "description": "Simulated balance at the start of a dry run, in the stake currency.",
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": _MAX_AMOUNT,
            "default": 1000,
        },
    },
}

# Freqtrade reads its environment as numbers and booleans where it can. A text of at least 16 of these
# characters with a letter other than e is none of them; "inf", "nan" and "true" are shorter.
EXCHANGE_VALUE_SCHEMA: t.Final[Json] = {
    "type": "string",
    "pattern": r"^(?=[^\n]*[A-DF-Za-df-z])[A-Za-z0-9_-]{16,128}$(?!\n)",
}

_START_SCHEMA: t.Final[Json] = {
    "title": "Start or change the bot",
    "type": "object",
    "additionalProperties": False,
    "required": ["operation", "specification"],
    "properties": {
        "operation": {"const": START},
        "specification": SPECIFICATION_SCHEMA,
        "exchange": {
            "description": "Exchange keys; needed unless dry_run is true.",
            "type": "object",
            "additionalProperties": False,
            "required": ["key", "secret"],
            "properties": {"key": EXCHANGE_VALUE_SCHEMA, "secret": EXCHANGE_VALUE_SCHEMA},
        },
    },
}

_STOP_SCHEMA: t.Final[Json] = {
    "title": "Stop the bot",
    "type": "object",
    "additionalProperties": False,
    "required": ["operation"],
    "properties": {"operation": {"const": STOP}},
}

_LIVE: t.Final[Json] = {
    "required": ["specification"],
    "properties": {"specification": {"required": ["dry_run"], "properties": {"dry_run": {"const": False}}}},
}

COMMAND_SCHEMA: t.Final[Json] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:bot-freqtrade:platform:command:1",
    "title": "Command of a client, before it is sealed",
    "description": (
        "UTF-8 JSON without duplicate keys, padded with spaces to a multiple of 256 bytes, "
        "at most 8192 bytes."
    ),
    "oneOf": [_START_SCHEMA | {"if": _LIVE, "then": {"required": ["exchange"]}}, _STOP_SCHEMA],
}

_BY_NAME: t.Final[dict[str, Json]] = {
    START: _START_SCHEMA,
    STOP: _STOP_SCHEMA,
    "specification": SPECIFICATION_SCHEMA,
}


def check_command(command: object) -> Json:
    """Return a command that keeps the schema, its specification completed with the defaults.

    :raises PlatformError: ``payload_schema``, ``operation_unknown`` or ``exchange_secret_missing``; the text
        names path and rule, never a value.
    """
    operation = command.get("operation") if isinstance(command, dict) else None
    if not isinstance(command, dict) or not isinstance(operation, str):
        raise PlatformError("payload_schema", "The command is no object with an operation")
    if operation not in OPERATIONS:
        raise PlatformError("operation_unknown", f"The operation is none of {', '.join(OPERATIONS)}")
    _check(command, operation, "payload_schema")
    if operation == STOP:
        return command
    specification = _complete(command["specification"])
    if not specification["dry_run"] and "exchange" not in command:
        raise PlatformError("exchange_secret_missing", "A live bot needs exchange keys")
    return command | {"specification": specification}


def check_specification(specification: object) -> Json:
    """Return a specification that keeps its schema, completed with the defaults.

    :raises PlatformError: ``specification_invalid``; the text names path and rule, never a value.
    """
    _check(specification, "specification", "specification_invalid")
    return _complete(t.cast("Json", specification))


def _complete(specification: Json) -> Json:
    defaults = {
        name: rule["default"]
        for name, rule in SPECIFICATION_SCHEMA["properties"].items()
        if "default" in rule
    }
    return defaults | specification


def _check(value: object, name: str, code: str) -> None:
    fault = _fault(value, _validator(name))
    if fault is not None:
        raise PlatformError(code, f"The {name} breaks its schema at {fault}")


def _fault(value: t.Any, validator: jsonschema.protocols.Validator) -> str | None:
    """Return the first fault as path and rule; the library's own text would repeat the value."""
    if not _is_json(value):
        return "/: not JSON"
    faults = sorted(map(_describe, validator.iter_errors(value)))
    return faults[0] if faults else None


def _describe(error: jsonschema.ValidationError) -> str:
    path = "/" + "/".join(map(str, error.absolute_path))
    rule = str(error.validator)
    if rule == "required":
        names = t.cast("list[str]", error.validator_value)
        missing = [name for name in names if name not in t.cast("Json", error.instance)]
        rule = f"required ({', '.join(missing)})"
    return f"{path}: {rule}"


def _is_json(value: object) -> bool:
    """Tell whether the value is JSON; NaN, which passes every bound of a schema, is not."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


@functools.cache
def _validator(name: str) -> jsonschema.protocols.Validator:
    with libraries():
        import jsonschema
    return jsonschema.Draft202012Validator(_BY_NAME[name])


__all__ = (
    "COMMAND_SCHEMA",
    "EXCHANGE_VALUE_SCHEMA",
    "OPERATIONS",
    "SPECIFICATION_SCHEMA",
    "START",
    "STOP",
    "check_command",
    "check_specification",
)
