# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import json
import math
import pathlib
import typing as t

import jsonschema
import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    COMMAND_SCHEMA,
    EXCHANGE_VALUE_SCHEMA,
    SPECIFICATION_SCHEMA,
    _cli,
    check_command,
    check_specification,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from hypothesis import example, given
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).parents[5]
Json = dict[str, t.Any]


def code_of(command: object) -> str | None:
    try:
        check_command(command)
    except PlatformError as error:
        return error.code
    return None


def as_freqtrade_reads(text: str) -> object:
    """Read an environment variable as freqtrade.configuration.environment_vars does."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            pass
    if text.lower() in ("t", "true"):
        return True
    if text.lower() in ("f", "false"):
        return False
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, list) else text


@given(st.from_regex(EXCHANGE_VALUE_SCHEMA["pattern"]))
@example("1234567890123456x")
@example("a_1_2_3_4_5_6_7_8")
@example("-INFINITYINFINITY")
def test_freqtrade_reads_every_accepted_exchange_value_as_the_same_text(value: str) -> None:
    assert as_freqtrade_reads(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "1234567890123456",
        "12345678901234e5",
        "1234567890123E45",
        "1_2_3_4_5_6_7_8_9",
        "-123456789012345678",
        "short",
        "a" * 129,
        "with space inside it",
        "with-a-newline-at-its-end\n",
        '["a-list-of-one-text"]',
        "ключключключключ",
        "\N{FULLWIDTH DIGIT ONE}" * 16 + "x",
        "",
        None,
        1234567890123456,
    ],
)
def test_an_exchange_value_that_could_be_misread_is_refused(
    start: Json, exchange: Json, value: object
) -> None:
    for field in ("key", "secret"):
        assert code_of(start | {"exchange": exchange | {field: value}}) == "payload_schema"


def test_a_start_comes_back_with_its_defaults(start: Json) -> None:
    del start["specification"]["dry_run_wallet"]
    assert check_command(start)["specification"]["dry_run_wallet"] == 1000
    assert "dry_run_wallet" not in start["specification"]


def test_a_stop_is_nothing_but_its_operation() -> None:
    assert check_command({"operation": "trade.stop"}) == {"operation": "trade.stop"}
    assert code_of({"operation": "trade.stop", "specification": {}}) == "payload_schema"


@pytest.mark.parametrize("operation", ["trade.sell", "", "TRADE.START", "trade.start "])
def test_an_unknown_operation_has_its_own_code(operation: str) -> None:
    assert code_of({"operation": operation}) == "operation_unknown"


@pytest.mark.parametrize(
    "command", [None, [], "trade.stop", 1, {}, {"operation": None}, {"operation": ["x"]}]
)
def test_what_has_no_operation_breaks_the_schema(command: object) -> None:
    assert code_of(command) == "payload_schema"


def test_a_live_bot_needs_exchange_keys(start: Json, exchange: Json) -> None:
    start["specification"]["dry_run"] = False
    assert code_of(start) == "exchange_secret_missing"
    assert code_of(start | {"exchange": exchange}) is None


BAD_VALUES: list[tuple[str, object]] = [
    ("strategy", "1Trend"),
    ("strategy", "Trend\n"),
    ("strategy", "../Trend"),
    ("strategy", "T" * 65),
    ("strategy", None),
    ("pairs", []),
    ("pairs", ["BTC/USDT", "BTC/USDT"]),
    ("pairs", ["btc/usdt"]),
    ("pairs", ["BTC/USDT\n"]),
    ("pairs", ["BTC/USDT:USDT"]),
    ("pairs", [f"A{number}/USDT" for number in range(21)]),
    ("pairs", "BTC/USDT"),
    ("timeframe", "7m"),
    ("timeframe", "1w"),
    ("timeframe", 5),
    ("stake_currency", "123"),
    ("stake_currency", "usdt"),
    ("stake_amount", 0),
    ("stake_amount", -1),
    ("stake_amount", "unlimited"),
    ("stake_amount", float("nan")),
    ("stake_amount", float("inf")),
    ("stake_amount", True),
    ("max_open_trades", 0),
    ("max_open_trades", -1),
    ("max_open_trades", 1.5),
    ("max_open_trades", 51),
    ("dry_run", "true"),
    ("dry_run", 1),
    ("dry_run_wallet", 0),
    ("unknown", 1),
]
# NaN passes every bound of a schema, which can only speak of JSON.
EXPRESSIBLE = [
    (field, value) for field, value in BAD_VALUES if not isinstance(value, float) or not math.isnan(value)
]


@pytest.mark.parametrize(("field", "value"), BAD_VALUES)
def test_a_bad_specification_is_refused_in_both_ways_in(
    start: Json, specification: Json, field: str, value: object
) -> None:
    bad = specification | {field: value}
    with pytest.raises(PlatformError) as caught:
        check_specification(bad)
    assert caught.value.code == "specification_invalid"
    assert code_of(start | {"specification": bad}) == "payload_schema"


@pytest.mark.parametrize("field", SPECIFICATION_SCHEMA["required"])
def test_a_missing_field_is_named(specification: Json, field: str) -> None:
    del specification[field]
    with pytest.raises(PlatformError) as caught:
        check_specification(specification)
    assert caught.value.message == f"The specification breaks its schema at /: required ({field})"


def test_a_fault_names_path_and_rule(specification: Json) -> None:
    with pytest.raises(PlatformError) as caught:
        check_specification(specification | {"pairs": ["BTC/USDT", "private"]})
    assert caught.value.message == "The specification breaks its schema at /pairs/1: pattern"


def test_the_published_schema_is_current() -> None:
    published = ROOT / "docs" / "schemas" / "command.schema.json"
    assert published.read_text(encoding="utf-8") == _cli.export_schema()


def test_the_published_schema_is_a_valid_one() -> None:
    jsonschema.Draft202012Validator.check_schema(COMMAND_SCHEMA)


@pytest.mark.parametrize(("field", "value"), [("strategy", "Trend"), *EXPRESSIBLE])
@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("with_exchange", [True, False])
def test_the_published_schema_accepts_what_the_platform_accepts(
    start: Json, exchange: Json, field: str, value: object, dry_run: bool, with_exchange: bool
) -> None:
    command = start | {"specification": start["specification"] | {"dry_run": dry_run} | {field: value}}
    if with_exchange:
        command["exchange"] = exchange
    accepted = jsonschema.Draft202012Validator(COMMAND_SCHEMA).is_valid(command)
    assert accepted is (code_of(command) is None)
