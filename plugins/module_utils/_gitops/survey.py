# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""All clients of the GitOps repository at once."""

from __future__ import annotations

import dataclasses

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import (
    Client,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import (
    validation,
    values,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Json,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.repository import (
    Snapshot,
)


@dataclasses.dataclass(frozen=True)
class Survey:
    """The clients that have a values file.

    :ivar clients: by client what :func:`values.read` returns, or the state ``malformed`` with the ``error``.
    :ivar foreign: paths of values files that belong to no client.
    """

    clients: dict[Client, Json]
    foreign: list[str]

    @property
    def running(self) -> list[str]:
        """Hosts of the clients whose bots run, or may run because their file cannot be understood."""
        return sorted(
            client.host for client, each in self.clients.items() if each.get("desired") in ("running", None)
        )


def survey(snapshot: Snapshot) -> Survey:
    """Read the values files of all clients; one that cannot be understood hides no other."""
    paths = [path for path in snapshot.paths("clientes") if path.endswith("/values.yaml")]
    files = snapshot.read(paths)
    clients = {path: _client(path) for path in paths}
    return Survey(
        {client: _read(client, files[path]) for path, client in clients.items() if client is not None},
        [path for path, client in clients.items() if client is None],
    )


def require_platform(snapshot: Snapshot) -> None:
    """See that this is a GitOps repository of the platform; raise ``usage`` if not."""
    if not snapshot.read([validation.SCHEMA]):
        raise PlatformError(
            "usage", f"The repository has no {validation.SCHEMA}: it is no GitOps repository of the platform"
        )


def _client(path: str) -> Client | None:
    try:
        client = Client.from_host(path.split("/")[1])
    except PlatformError:
        return None
    return client if client.values_path == path else None


def _read(client: Client, text: bytes) -> Json:
    try:
        return values.read(client, text)
    except PlatformError as error:
        return {"state": "malformed", "error": error.message}


__all__ = ("Survey", "require_platform", "survey")
