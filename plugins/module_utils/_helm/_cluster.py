# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What Helm does not do for a cluster: renew definitions of resources, and tell a dry run what there is."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._manifest import (
    Objects,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import (
    Cluster,
    Stopwatch,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    CUSTOM_RESOURCES,
    Object,
)

_SECONDS: t.Final = 60


def renew_crds(cluster: Cluster, objects: Objects, stopwatch: Stopwatch | None = None) -> None:
    """Apply definitions of resources, and wait until the cluster serves them.

    :raises PlatformError: ``release_not_ready``, or what the cluster raises.
    """
    stopwatch = stopwatch or Stopwatch(_SECONDS)
    names = [each["metadata"]["name"] for each in objects.values()]
    for name, each in zip(names, objects.values(), strict=True):
        cluster.apply(CUSTOM_RESOURCES, None, name, each)
    for name in names:
        while not _is_served(cluster.get(CUSTOM_RESOURCES, None, name)):
            if stopwatch.is_over:
                raise PlatformError("release_not_ready", f"The cluster does not serve {name} yet")
            stopwatch.pause(0.2)


def capabilities(cluster: Cluster) -> list[str]:
    """Return the options by which ``helm template`` knows the cluster's version and groups of resources.

    :raises PlatformError: what the cluster raises.
    """
    groups = cluster.ask("/apis")["groups"]
    versions = [version["groupVersion"] for group in groups for version in group["versions"]]
    options = ["--kube-version", cluster.ask("/version")["gitVersion"]]
    for version in ["v1", *versions]:
        options += ["--api-versions", version]
    return options


def _is_served(found: Object) -> bool:
    conditions = found.get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


__all__ = ("capabilities", "renew_crds")
