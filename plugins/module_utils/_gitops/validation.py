# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What the GitOps repository itself says about values: the chart's schema and the strategies there are."""

from __future__ import annotations

import functools
import json
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Document,
)

if t.TYPE_CHECKING:
    import jsonschema.protocols

SCHEMA: t.Final = "charts/freqtrade/values.schema.json"
CATALOGUE: t.Final = "catalogue.json"


def check(document: Document, files: t.Mapping[str, bytes]) -> None:
    """Raise for a document that the chart of the same revision would refuse.

    :param files: those of :data:`SCHEMA` and :data:`CATALOGUE` that exist; a repository without a
        catalogue accepts any strategy.
    :raises PlatformError: ``strategy_unknown``, ``specification_invalid`` naming path and rule,
        ``undecided`` where the fault is not the specification's, ``usage`` without a schema.
    """
    if SCHEMA not in files:
        raise PlatformError("usage", f"The GitOps repository has no {SCHEMA}")
    strategy = document.live.bot.get("strategy")
    if document.live.replicas and CATALOGUE in files and strategy not in _strategies(files[CATALOGUE]):
        raise PlatformError("strategy_unknown", f"The strategy {strategy!r} is not in {CATALOGUE}")
    faults = sorted(
        _validator(files[SCHEMA]).iter_errors(document.values()), key=lambda fault: fault.json_path
    )
    if faults:
        path = "/" + "/".join(map(str, faults[0].absolute_path))
        code = "undecided" if path.startswith("/platform") else "specification_invalid"
        message = f"The values of {document.client.host} break {SCHEMA} at {path}: {faults[0].validator}"
        raise PlatformError(code, message)


@functools.lru_cache(maxsize=2)
def _validator(schema: bytes) -> jsonschema.protocols.Validator:
    try:
        import jsonschema
    except ImportError:
        raise PlatformError("library_missing", "The Python library jsonschema is not installed") from None
    parsed = _json(schema, SCHEMA)
    return jsonschema.validators.validator_for(parsed)(parsed)


@functools.lru_cache(maxsize=2)
def _strategies(catalogue: bytes) -> frozenset[str]:
    strategies = _json(catalogue, CATALOGUE).get("strategies")
    if not isinstance(strategies, list | dict):
        raise PlatformError("undecided", f"The file {CATALOGUE} has no strategies")
    return frozenset(map(str, strategies))


def _json(text: bytes, path: str) -> dict[str, t.Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise PlatformError("undecided", f"The file {path} of the GitOps repository is not a JSON object")
    return parsed


__all__ = ("CATALOGUE", "SCHEMA", "check")
