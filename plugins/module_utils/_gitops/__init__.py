# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The GitOps repository: a client's values file, its fence, and the branch that holds it."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.command import (
    Access,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Document,
    Fence,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.options import (
    ARGUMENT_SPEC,
    repository_of,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.repository import (
    Change,
    GitRepository,
    Identity,
    Receipt,
    Snapshot,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.root import (
    read_root,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.survey import (
    Survey,
    require_platform,
    survey,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.transition import (
    TRANSITIONS,
    Request,
    plan,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.values import (
    read,
    transact,
)

__all__ = (
    "ARGUMENT_SPEC",
    "TRANSITIONS",
    "Access",
    "Change",
    "Document",
    "Fence",
    "GitRepository",
    "Identity",
    "Receipt",
    "Request",
    "Snapshot",
    "Survey",
    "plan",
    "read",
    "read_root",
    "repository_of",
    "require_platform",
    "survey",
    "transact",
)
