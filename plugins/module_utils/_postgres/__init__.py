# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""PostgreSQL: clients' roles and schemas, and the database that holds them."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._connection import (
    ARGUMENT_SPEC,
    Login,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._estate import (
    DatabaseChange,
    ensure_database,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._manage import (
    Change,
    ensure_tenant,
    logs_in,
    remove_tenant,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._owner import (
    Owner,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._passfile import (
    Passfile,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._reader import (
    create_reader,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._report import (
    Report,
    report_tenant,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._url import (
    database_url,
)

__all__ = (
    "ARGUMENT_SPEC",
    "Change",
    "DatabaseChange",
    "Login",
    "Owner",
    "Passfile",
    "Report",
    "connect",
    "create_reader",
    "database_url",
    "ensure_database",
    "ensure_tenant",
    "logs_in",
    "remove_tenant",
    "report_tenant",
)
