# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The GitOps repository: a client's values file, its fence, and the branch that holds it."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.command import (
    Access,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.repository import (
    Change,
    GitRepository,
    Identity,
    Receipt,
    Snapshot,
)

__all__ = ("Access", "Change", "GitRepository", "Identity", "Receipt", "Snapshot")
