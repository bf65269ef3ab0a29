# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A release's values, of files and of options."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

Values = dict[str, t.Any]


def read_values(files: t.Iterable[str], own: t.Mapping[str, t.Any]) -> Values:
    """Return the values of all files, each over the one before, and ``own`` over them.

    :raises PlatformError: ``usage`` for a file that is not there or holds no mapping; ``library_missing``.
    """
    values: Values = {}
    for file in files:
        values = _over(values, _read(file))
    return _over(values, own)


def _read(file: str) -> Values:
    try:
        import yaml
    except ImportError:
        raise PlatformError("library_missing", "The Python library PyYAML is missing") from None
    try:
        found = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise PlatformError("usage", f"Cannot read the values in {file}: {type(error).__name__}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise PlatformError("usage", f"The values in {file} are no mapping")
    return found


def _over(below: t.Mapping[str, t.Any], above: t.Mapping[str, t.Any]) -> Values:
    """Merge as Helm does: mappings grow together, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, dict) and isinstance(under, dict):
            merged[key] = _over(under, value)
        else:
            merged[key] = value
    return merged


__all__ = ("Values", "read_values")
