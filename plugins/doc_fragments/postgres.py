# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The options by which modules log in to the clients' database."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the database is and who logs in."""

    # Must be kept in sync with plugins/module_utils/_postgres/_connection.py
    DOCUMENTATION = r"""
options:
  login_host:
    description:
      - Host of the PostgreSQL server.
    type: str
    default: localhost
  login_port:
    description:
      - Port of the PostgreSQL server.
    type: int
    default: 5432
  login_user:
    description:
      - Role to log in as. It needs C(CREATEROLE) and the ownership of O(login_database), and no superuser.
    type: str
    required: true
  login_passfile:
    description:
      - Password file of libpq, readable by its owner only. There is no option for a password, because
        arguments are shown and stored in many places.
      - Without it libpq looks in its own places, such as E(PGPASSFILE) and C(~/.pgpass).
    type: path
  login_sslmode:
    description:
      - What libpq demands of TLS. V(verify-full) takes the certificate authorities of E(PGSSLROOTCERT).
    type: str
    choices: [disable, allow, prefer, require, verify-ca, verify-full]
    default: prefer
  login_database:
    description:
      - Name of the database that holds the clients' schemas.
    type: str
    default: freqtrade_multi
  connect_timeout:
    description:
      - Seconds that connecting may take.
    type: int
    default: 10
requirements:
  - PostgreSQL >= 15 (server)
  - psycopg2 >= 2.9 (Python library)
"""
