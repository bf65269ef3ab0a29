# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Secrets of clients in Kubernetes or in AWS Secrets Manager, behind one interface."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._files import (
    KeptFiles,
    keep_files,
    read_files,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._manage import (
    Change,
    ClientSecrets,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._options import (
    ARGUMENT_SPEC,
    open_store,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._password import (
    stored_password,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._payload import (
    exchange_of,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._plan import (
    Exchange,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._random import (
    random_text,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._store import (
    Changed,
    Content,
    Secret,
    Store,
)

__all__ = (
    "ARGUMENT_SPEC",
    "Change",
    "Changed",
    "ClientSecrets",
    "Content",
    "Exchange",
    "KeptFiles",
    "Secret",
    "Store",
    "exchange_of",
    "keep_files",
    "open_store",
    "random_text",
    "read_files",
    "stored_password",
)
