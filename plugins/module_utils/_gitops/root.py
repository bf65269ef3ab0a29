# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What the GitOps repository says Argo CD shall follow."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Json,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.repository import (
    Snapshot,
)

PATH: t.Final = "argocd-application.yaml"
KINDS: t.Final = ("AppProject", "ApplicationSet", "Application")
_PLACEHOLDER: t.Final = ".invalid/"


def read_root(snapshot: Snapshot, namespace: str) -> list[Json]:
    """Return the objects of the repository's :data:`PATH`, in the order in which they are to be applied.

    :param namespace: the one of Argo CD, in which they all must be.
    :raises PlatformError: ``usage`` when there is no such file, or something else is in it than that.
    """
    import yaml

    text = snapshot.read([PATH]).get(PATH)
    if text is None:
        raise PlatformError(
            "usage", f"The repository has no {PATH}: it is no GitOps repository of the platform"
        )
    if _PLACEHOLDER in text.decode("utf-8", "replace"):
        raise PlatformError("usage", f"{PATH} still has the template's repository in it, not its own")
    try:
        objects = [each for each in yaml.safe_load_all(text) if each is not None]
        places = [(each["apiVersion"], each["kind"], each["metadata"].get("namespace")) for each in objects]
        named = all(isinstance(each["metadata"]["name"], str) for each in objects)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise PlatformError("usage", f"{PATH} is no list of Kubernetes objects in YAML") from None
    for version, kind, place in places:
        if not version.startswith("argoproj.io/") or kind not in KINDS or place != namespace:
            raise PlatformError(
                "usage", f"{PATH} has a {kind} of {version} in {place}, which has no place there"
            )
    if not objects or not named:
        raise PlatformError("usage", f"{PATH} names no objects")
    return sorted(objects, key=lambda each: KINDS.index(each["kind"]))


__all__ = ("PATH", "read_root")
