# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI 3.1 document, made from the code."""

from __future__ import annotations

import json
import typing as t

from .problems import KINDS, TYPE_PREFIX

if t.TYPE_CHECKING:
    from apiflask import APIFlask

_PROBLEM: t.Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEMS: t.Final[dict[int | str, t.Any]] = {
    kind.status: {"description": kind.title, "content": _PROBLEM}
    for kind in reversed(KINDS.values())
    if kind.status not in (405, 413, 500)
}
"""What every route of clients may answer besides its result."""

_SCHEMA: t.Final = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457) and what to do about it.",
    "type": "object",
    "required": ["type", "title", "status", "action", "trace_id"],
    "properties": {
        "type": {"type": "string", "enum": [TYPE_PREFIX + name for name in KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "action": {"type": "string", "description": "What the caller can do."},
        "trace_id": {"type": "string", "description": "Under this id the request is in the logs."},
        "fields": {
            "type": "object",
            "description": "Wrong parameters, each with the rules it breaks.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}


def describe(app: APIFlask) -> None:
    """Set what the document says beside the routes."""
    app.title = "bot_freqtrade.platform"
    app.version = "0.1.0"
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        DESCRIPTION="What became of a client's commands, and the bots that follow from them.",
        AUTO_404_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_OPERATION_ID=False,
        LICENSE={"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        TAGS=[
            {"name": "Bots", "description": "Clients' bots."},
            {"name": "Commands", "description": "Commands from the chain."},
        ],
    )

    @app.spec_processor
    def _add_problem(document: t.Any) -> t.Any:
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _SCHEMA
        return document


def document_of(app: APIFlask) -> str:
    """Return the document as JSON text."""
    with app.test_request_context():
        return json.dumps(app._get_spec("json"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


__all__ = ("PROBLEMS", "describe", "document_of")
