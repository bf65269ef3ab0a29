#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_schema_info
short_description: Tell what a client has in PostgreSQL
version_added: 0.1.0
description:
  - Reads the client's role, its schema, and the names and sizes of its tables. It reads nothing that is in
    them.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.info_module
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.client
  - bot_freqtrade.platform.postgres
seealso:
  - module: bot_freqtrade.platform.tenant_schema
"""

EXAMPLES = r"""
---
- name: Look at what client 1 has
  bot_freqtrade.platform.tenant_schema_info:
    client: 1
    login_host: db.example.com
    login_user: platform_admin
    login_passfile: /etc/platform/pgpass
  register: schema

- name: See that a bot has made its tables
  ansible.builtin.assert:
    that: schema.tables | selectattr('name', 'equalto', 'trades') | length == 1
"""

RETURN = r"""
exists:
  description: Whether both the role and the schema are there.
  returned: success
  type: bool
  sample: true
schema:
  description: Name of the schema and of the role.
  returned: success
  type: str
  sample: cliente_001
role:
  description: The role. Null where there is none.
  returned: success
  type: dict
  contains:
    attributes:
      description: The keywords of C(CREATE ROLE) that it holds.
      type: list
      elements: str
      returned: when there is a role
      sample: [LOGIN]
    connection_limit:
      description: How many connections it may have. V(-1) is no limit.
      type: int
      returned: when there is a role
      sample: 20
    expires:
      description: Whether its password has an end.
      type: bool
      returned: when there is a role
      sample: false
    member_of:
      description: The roles that it is a member of.
      type: list
      elements: str
      returned: when there is a role
      sample: []
schema_owner:
  description: Owner of the schema. Null where there is no schema.
  returned: success
  type: str
  sample: cliente_001
schema_privileges:
  description: What the role may do in the schema.
  returned: when there is a role
  type: list
  elements: str
  sample: [CREATE, USAGE]
database_privileges:
  description: What the role may do in the database beyond its schema.
  returned: when there is a role
  type: list
  elements: str
  sample: [CONNECT]
search_path:
  description: The search path that the role has in the database. Null where none is set.
  returned: when there is a role
  type: str
  sample: cliente_001
tables:
  description: The tables in the schema by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the table.
      type: str
      returned: success
      sample: trades
    bytes:
      description: Its size on disk, with indexes.
      type: int
      returned: success
      sample: 49152
bytes:
  description: Size of all tables on disk, with indexes.
  returned: success
  type: int
  sample: 270336
code:
  description: What the failure is. One of V(database_unreachable), V(database_refused) or V(library_missing).
  returned: failure
  type: str
  sample: database_unreachable
category:
  description: What may be concluded. One of V(undecided) or V(usage).
  returned: failure
  type: str
  sample: undecided
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _postgres
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def look(options: dict[str, t.Any]) -> dict[str, t.Any]:
    client = Client(options["client"])
    report = _postgres.report_tenant(_postgres.Login.from_options(options), client.schema)
    return {
        "changed": False,
        "exists": report.exists,
        "schema": client.schema,
        **report.tenant.shown(),
        "tables": [{"name": name, "bytes": size} for name, size in report.tables.items()],
        "bytes": sum(report.tables.values()),
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={"client": {"type": "int", "required": True}, **_postgres.ARGUMENT_SPEC},
        supports_check_mode=True,
    )
    run_module(module, lambda: look(module.params))


if __name__ == "__main__":
    main()
