# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Secret files of this host as a Secret of the platform's own namespace."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    read_secret_file,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.applying import (
    apply_all,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    NAMESPACES,
    Cluster,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._kubernetes_store import (
    KubernetesStore,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._store import (
    Changed,
    Content,
)

MAX_BYTES: t.Final = 65536
_KEY: t.Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}")
_LEVELS: t.Final = ("enforce", "audit", "warn")


@dataclasses.dataclass(frozen=True)
class KeptFiles:
    """What became of a Secret; names only.

    :param different: keys that came, went or changed.
    :param version: the Kubernetes API's mark of its content; empty where there is none yet.
    """

    changed: bool
    before: tuple[str, ...]
    after: tuple[str, ...]
    different: tuple[str, ...]
    version: str


def read_files(files: t.Mapping[str, str], directory: str | None, pattern: str = "*") -> dict[str, str]:
    """Return the text of each file by the key that the Secret has it under.

    :param files: paths by keys.
    :param directory: a folder whose visible files come along, each under its name.
    :param pattern: which of these, such as ``*.key``.
    :raises PlatformError: ``usage`` when there is none, or one cannot be read, is empty, too big, no text, or
        open to others than its owner.
    """
    paths = {**_listed(directory, pattern), **files}
    if not paths:
        where = f" that fits {pattern} in {directory}" if directory else ""
        raise PlatformError("usage", f"There is no file to keep{where}")
    return {key: _text(key, path) for key, path in sorted(paths.items())}


def keep_files(
    cluster: Cluster, namespace: str, name: str, files: t.Mapping[str, str], *, check: bool
) -> KeptFiles:
    """Make a Secret hold these files and no others, in a namespace with restricted pod security.

    :param files: texts by keys.
    :raises PlatformError: ``secret_conflict`` when somebody else changes it at the same time, and what the
        cluster raises.
    """
    labels = {f"pod-security.kubernetes.io/{level}": "restricted" for level in _LEVELS}
    wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    (applied,) = apply_all(cluster, [(NAMESPACES, wanted)], check=check)
    store = KubernetesStore(cluster, namespace)
    found = store.read(name)
    before = found.content.data if found else {}
    different = sorted(key for key in {*before, *files} if before.get(key) != files.get(key))
    if different and not check:
        try:
            if found:
                store.replace(found, Content(files))
            else:
                store.create(name, Content(files))
        except Changed:
            raise PlatformError(
                "secret_conflict",
                f"The Secret {namespace}/{name} was changed by somebody else at the same time",
            ) from None
        found = store.read(name)
    return KeptFiles(
        bool(different) or applied.changed,
        tuple(sorted(before)),
        tuple(sorted(files)),
        tuple(different),
        found.version if found else "",
    )


def _listed(directory: str | None, pattern: str) -> dict[str, str]:
    if directory is None:
        return {}
    try:
        found = sorted(
            path for path in pathlib.Path(directory).iterdir() if path.is_file() and path.match(pattern)
        )
    except OSError as error:
        raise PlatformError("usage", f"Cannot read the folder {directory}: {error.strerror}") from None
    return {path.name: str(path) for path in found if not path.name.startswith(".")}


def _text(key: str, path: str) -> str:
    if not _KEY.fullmatch(key):
        raise PlatformError("usage", f"A Secret cannot have the key {key!r}")
    try:
        text = read_secret_file(path, MAX_BYTES).decode()
    except UnicodeDecodeError:
        raise PlatformError("usage", f"The file {path} is no text") from None
    if not text.strip():
        raise PlatformError("usage", f"The file {path} is empty")
    return text


__all__ = ("KeptFiles", "keep_files", "read_files")
