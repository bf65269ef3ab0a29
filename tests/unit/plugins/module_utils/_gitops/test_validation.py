# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import dataclasses
import json
import pathlib
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Document,
    State,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.transition import render
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.validation import (
    CATALOGUE,
    SCHEMA,
    check,
)

INFRA = pathlib.Path(__file__).parents[5] / "infra"
CLIENT = Client(1)
FILES = {SCHEMA: (INFRA / SCHEMA).read_bytes()}


def document(specification: dict[str, t.Any], **bot: t.Any) -> Document:
    initial = Document.initial(CLIENT)
    live = State(1, render(specification) | bot, initial.live.secrets)
    return dataclasses.replace(initial, live=live)


def refusal(tried: Document, files: dict[str, bytes]) -> tuple[str, str]:
    with pytest.raises(PlatformError) as caught:
        check(tried, files)
    return caught.value.code, caught.value.message


def test_the_first_document_of_a_client_keeps_the_charts_schema() -> None:
    check(Document.initial(CLIENT), FILES)


def test_a_rendered_specification_keeps_the_charts_schema(specification: dict[str, t.Any]) -> None:
    check(document(specification), FILES)


def test_a_fault_is_told_by_path_and_rule_and_never_by_value(specification: dict[str, t.Any]) -> None:
    code, message = refusal(document(specification, maxOpenTrades="canary"), FILES)
    assert code == "specification_invalid"
    assert message.endswith("at /bot/maxOpenTrades: type")
    assert "canary" not in message


def test_a_fault_of_the_fence_is_not_the_specifications(specification: dict[str, t.Any]) -> None:
    tried = dataclasses.replace(document(specification), reason="Not A Code")
    assert refusal(tried, FILES)[0] == "undecided"


@pytest.mark.parametrize("strategies", [["SampleTrend"], {"SampleTrend": {}}])
def test_a_strategy_of_the_catalogue_is_accepted(specification: dict[str, t.Any], strategies: t.Any) -> None:
    catalogue = json.dumps({"strategies": strategies}).encode()
    check(document(specification), FILES | {CATALOGUE: catalogue})


def test_a_strategy_outside_the_catalogue_is_refused(specification: dict[str, t.Any]) -> None:
    files = FILES | {CATALOGUE: b'{"strategies": ["Other"]}'}
    assert refusal(document(specification), files) == (
        "strategy_unknown",
        "The strategy 'SampleTrend' is not in catalogue.json",
    )


def test_a_stopped_bot_may_name_a_strategy_that_is_gone(specification: dict[str, t.Any]) -> None:
    tried = document(specification)
    stopped = dataclasses.replace(tried, live=dataclasses.replace(tried.live, replicas=0))
    check(stopped, FILES | {CATALOGUE: b'{"strategies": []}'})


@pytest.mark.parametrize("catalogue", [b"", b"[]", b"{}", b"\xff"])
def test_a_broken_catalogue_refuses_no_specification(
    specification: dict[str, t.Any], catalogue: bytes
) -> None:
    assert refusal(document(specification), FILES | {CATALOGUE: catalogue})[0] == "undecided"


def test_a_repository_without_the_charts_schema_is_not_the_platforms() -> None:
    assert refusal(Document.initial(CLIENT), {})[0] == "usage"
