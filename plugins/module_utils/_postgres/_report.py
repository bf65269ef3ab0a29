# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What can be seen of a client's schema from outside it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._connection import (
    Login,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._tenant import (
    Tenant,
    read,
)

_TABLES = """
    SELECT relname::text, pg_catalog.pg_total_relation_size(c.oid)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname = %s AND relkind IN ('r', 'p', 'm') ORDER BY relname
"""


@dataclasses.dataclass(frozen=True)
class Report:
    """A tenant and its tables.

    :param tables: the size of each in bytes, with its indexes and TOAST.
    """

    tenant: Tenant
    tables: dict[str, int]

    @property
    def exists(self) -> bool:
        """Whether both the role and the schema are there."""
        return self.tenant.role is not None and self.tenant.owner is not None


def report_tenant(login: Login, name: str) -> Report:
    """Read the tenant; raise ``database_unreachable`` or ``database_refused``."""
    with connect(login) as connection:
        tenant = read(connection, name)
        with connection.cursor() as cursor:
            cursor.execute(_TABLES, (name,))
            tables: dict[str, t.Any] = dict(cursor.fetchall())
    return Report(tenant, {table: int(size or 0) for table, size in tables.items()})


__all__ = ("Report", "report_tenant")
