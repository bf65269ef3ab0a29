# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed OpenAPI document is valid, complete and what the code says."""

from __future__ import annotations

import json
from pathlib import Path

from openapi_spec_validator import validate

from listener.api import describe_api

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "api" / "openapi.json"


def test_the_committed_document_is_what_the_code_describes() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == describe_api(), "run: flask --app listener openapi"


def test_the_document_is_valid_3_1() -> None:
    document = json.loads(describe_api())
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_every_operation_has_an_id_and_its_problems() -> None:
    operations = [
        operation for path in json.loads(describe_api())["paths"].values() for operation in path.values()
    ]
    assert {operation["operationId"] for operation in operations} == {
        "listBots",
        "getBotStatus",
        "getCommand",
    }
    for operation in operations:
        assert {"200", "401", "404", "429", "503"} <= operation["responses"].keys()
        assert operation["security"]
