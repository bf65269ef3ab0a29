# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The options by which modules reach the Kubernetes API."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    Cluster,
    connect,
)

# Must be kept in sync with plugins/doc_fragments/kubernetes.py
ARGUMENT_SPEC: t.Final[dict[str, t.Any]] = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "request_timeout": {"type": "int", "default": 10},
}


def cluster_of(options: t.Mapping[str, t.Any]) -> Cluster:
    """Return the cluster that the options name; raise ``usage`` or ``library_missing``."""
    return connect(options["kubeconfig"], options["context"], options["request_timeout"])


__all__ = ("ARGUMENT_SPEC", "cluster_of")
