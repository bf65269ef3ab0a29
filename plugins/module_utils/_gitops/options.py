# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The options by which modules and the inventory reach the GitOps repository."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.command import (
    Access,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.repository import (
    GitRepository,
    Identity,
)

# Must be kept in sync with plugins/doc_fragments/gitops.py
ARGUMENT_SPEC: t.Final[dict[str, t.Any]] = {
    "repository": {"type": "str", "required": True},
    "branch": {"type": "str", "default": "main"},
    "committer_name": {"type": "str", "default": Identity.name},
    "committer_email": {"type": "str", "default": Identity.email},
    "ssh_key_file": {"type": "path", "no_log": False},
    "credential_helper": {"type": "str"},
    "git_cache": {"type": "path"},
    "git_timeout": {"type": "int", "default": 30},
}


def repository_of(options: t.Mapping[str, t.Any]) -> GitRepository:
    """Return the repository that the options name; raise ``usage`` for options that cannot be."""
    return GitRepository(
        options["repository"],
        options["branch"],
        options["git_cache"],
        identity=Identity(options["committer_name"], options["committer_email"]),
        access=Access(options["ssh_key_file"], options["credential_helper"]),
        timeout=options["git_timeout"],
    )


__all__ = ("ARGUMENT_SPEC", "repository_of")
