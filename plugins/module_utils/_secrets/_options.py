# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The options by which modules choose and reach a store of secrets."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import (
    cluster_of,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import (
    _aws_store,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._kubernetes_store import (
    KubernetesStore,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._store import (
    Store,
)

# Must be kept in sync with plugins/doc_fragments/secret_store.py
ARGUMENT_SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    "secret_backend": {"type": "str", "choices": ["kubernetes", "aws"], "default": "kubernetes"},
    "aws_region": {"type": "str"},
    "aws_endpoint_url": {"type": "str"},
    "aws_prefix": {"type": "str", "default": "bot_freqtrade/"},
}


def open_store(options: t.Mapping[str, t.Any], client: Client) -> Store:
    """Return the store of the client's secrets that the options name.

    :param options: those of :data:`ARGUMENT_SPEC` and of the Kubernetes connection.
    :raises PlatformError: ``library_missing`` or ``usage``.
    """
    backend: str = options["secret_backend"]
    if backend == "aws":
        connection = _aws_store.connect(options["aws_region"], options["aws_endpoint_url"])
        return _aws_store.AwsStore(connection, options["aws_prefix"], client.host)
    return KubernetesStore(cluster_of(options), client.namespace)


__all__ = ("ARGUMENT_SPEC", "open_store")
