# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Load balancers that a cluster has made outside of itself, by its Services."""

from __future__ import annotations

import contextlib

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    SERVICES,
    Cluster,
    NotFound,
    Object,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.polling import Stopwatch

_POLL_SECONDS = 1.0


def load_balancers(cluster: Cluster) -> list[Object]:
    """Return the Services that have a load balancer, or are waiting for one."""
    return [each for each in cluster.list(SERVICES, None) if each["spec"].get("type") == "LoadBalancer"]


def remove_load_balancers(cluster: Cluster, stopwatch: Stopwatch, *, check: bool = False) -> list[str]:
    """Delete those Services, wait until their load balancers are gone, and return their names.

    :raises PlatformError: ``load_balancer_stays`` when that takes too long, or what the cluster raises.
    """
    found = load_balancers(cluster)
    names = sorted(name_of(each) for each in found)
    if check:
        return names
    for each in found:
        _delete(cluster, each)
    while found := load_balancers(cluster):
        if stopwatch.is_over:
            left = ", ".join(sorted(name_of(each) for each in found))
            raise PlatformError("load_balancer_stays", f"The load balancers of {left} are still there")
        stopwatch.pause(_POLL_SECONDS)
    return names


def name_of(service: Object) -> str:
    """Return namespace and name of an object."""
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def _delete(cluster: Cluster, service: Object) -> None:
    metadata = service["metadata"]
    with contextlib.suppress(NotFound):
        cluster.delete(SERVICES, metadata["namespace"], metadata["name"], uid=metadata["uid"])


__all__ = ("load_balancers", "remove_load_balancers")
