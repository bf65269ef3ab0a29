# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Bring objects into the cluster as a file says, and tell what that changes."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    Cluster,
    NotFound,
    Object,
    Resource,
)


@dataclasses.dataclass(frozen=True)
class Applied:
    """An object before and after; None before when it was not there."""

    name: str
    before: Object | None
    after: Object

    @property
    def changed(self) -> bool:
        return self.before != self.after


def apply_all(
    cluster: Cluster, objects: t.Iterable[tuple[Resource, Object]], *, check: bool = False
) -> list[Applied]:
    """Apply the objects in their order; with ``check`` the API server only says what that would give.

    :raises PlatformError: what the cluster raises.
    """
    applied = []
    for resource, wanted in objects:
        name, namespace = wanted["metadata"]["name"], wanted["metadata"].get("namespace")
        try:
            before = _shown(cluster.get(resource, namespace, name))
        except NotFound:
            before = None
        after = _shown(cluster.apply(resource, namespace, name, wanted, dry_run=check))
        applied.append(Applied(f"{resource.kind}/{name}", before, after))
    return applied


def _shown(found: Object) -> Object:
    """Return what people write of an object: no status, and of the metadata labels and annotations."""
    metadata = {key: value for key in ("labels", "annotations") if (value := found["metadata"].get(key))}
    return {**{key: value for key, value in found.items() if key not in ("metadata", "status")}, **metadata}


__all__ = ("Applied", "apply_all")
