# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Secrets of Kubernetes, in the client's namespace."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    NAMESPACES,
    SECRETS,
    Cluster,
    Conflict,
    Forbidden,
    NotFound,
    Object,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._store import (
    Changed,
    Content,
    Secret,
)

_MANAGER: t.Final = {"app.kubernetes.io/managed-by": "bot_freqtrade.platform"}
_NOTE_PREFIX: t.Final = "bot-freqtrade.platform/"

Seen = t.TypeVar("Seen")


class KubernetesStore:
    """A :class:`Store` in one namespace; its versions are resourceVersions."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def read(self, name: str) -> Secret | None:
        found = self._look(lambda: self._cluster.get(SECRETS, self._namespace, name))
        return None if found is None else _secret(found)

    def names(self) -> list[str]:
        labels = ",".join(f"{key}={value}" for key, value in _MANAGER.items())
        found = self._look(lambda: self._cluster.list(SECRETS, self._namespace, labels=labels))
        return sorted(each["metadata"]["name"] for each in found or ())

    def create(self, name: str, content: Content) -> None:
        body = _body(content)
        body["metadata"].update(name=name, labels=_MANAGER)
        body.update(type="Opaque", immutable=content.immutable)
        try:
            self._cluster.create(SECRETS, self._namespace, body)
        except Conflict:
            raise Changed from None

    def replace(self, secret: Secret, content: Content) -> None:
        body = _body(content)
        body["metadata"].update(resourceVersion=secret.version, labels=_MANAGER)
        # A merge takes away only what it names.
        body["data"] = {**dict.fromkeys(secret.content.data), **body["data"]}
        try:
            self._cluster.patch(SECRETS, self._namespace, secret.name, body)
        except (Conflict, NotFound):
            raise Changed from None

    def delete(self, name: str) -> None:
        try:
            self._cluster.delete(SECRETS, self._namespace, name)
        except NotFound:
            return

    def _look(self, look: t.Callable[[], Seen]) -> Seen | None:
        """Return what ``look`` sees, or None where nothing is: rights come with the namespace."""
        try:
            return look()
        except NotFound:
            return None
        except Forbidden:
            if self._has_namespace():
                raise
            return None

    def _has_namespace(self) -> bool:
        try:
            self._cluster.get(NAMESPACES, None, self._namespace)
        except NotFound:
            return False
        return True


def _body(content: Content) -> Object:
    return {
        "metadata": {"annotations": {_NOTE_PREFIX + key: text for key, text in content.notes.items()}},
        "data": {key: base64.b64encode(text.encode()).decode() for key, text in content.data.items()},
    }


def _secret(found: Object) -> Secret:
    metadata = found["metadata"]
    notes = {
        key.removeprefix(_NOTE_PREFIX): text
        for key, text in (metadata.get("annotations") or {}).items()
        if key.startswith(_NOTE_PREFIX)
    }
    data = {key: base64.b64decode(text).decode() for key, text in (found.get("data") or {}).items()}
    content = Content(data, notes, bool(found.get("immutable")))
    return Secret(metadata["name"], content, metadata["resourceVersion"])


__all__ = ("KubernetesStore",)
