# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Manifests of Helm as objects that may be shown."""

from __future__ import annotations

import typing as t

_HIDDEN: t.Final = "(hidden)"
Objects = dict[str, dict[str, t.Any]]


def objects_of(manifest: str) -> Objects:
    """Return the objects of a manifest by kind, namespace and name."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: Objects = {}
    for document in yaml.load_all(manifest, loader):
        if isinstance(document, dict):
            found[_key(document)] = document
    return found


def shown_change(before: Objects, after: Objects) -> tuple[Objects, Objects]:
    """Return of both what they do not agree on, the values of Secrets hidden."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return _chosen(before, names), _chosen(after, names)


def _chosen(objects: Objects, names: list[str]) -> Objects:
    return {name: _shown(objects[name]) for name in names if name in objects}


def _key(found: dict[str, t.Any]) -> str:
    metadata = found.get("metadata") or {}
    parts = [found.get("kind", ""), metadata.get("namespace", ""), metadata.get("name", "")]
    return "/".join(part for part in parts if part)


def _shown(found: dict[str, t.Any]) -> dict[str, t.Any]:
    if found.get("kind") != "Secret":
        return found
    hidden = {
        field: dict.fromkeys(found[field], _HIDDEN) for field in ("data", "stringData") if found.get(field)
    }
    return {**found, **hidden}


__all__ = ("Objects", "objects_of", "shown_change")
