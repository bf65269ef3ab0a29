# SPDX-License-Identifier: GPL-3.0-or-later
"""Alembic's entry point: migrates on the connection that :func:`listener.migrations.upgrade` brings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from listener.store.tables import metadata

_LOCK = 0x6D696772

connection = context.config.attributes["connection"]
connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
