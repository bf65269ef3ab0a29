#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_schema
short_description: Give a client its schema and role in PostgreSQL
version_added: 0.1.0
description:
  - Creates the client's role and the schema that it owns, lets it connect to the database, and sets its
    search path there, in one transaction. What has drifted is corrected.
  - The password is the one of the client's database secret, which M(bot_freqtrade.platform.bot_secret)
    makes. It reaches the server as a SCRAM verifier only, and is tried by logging in. When that fails, it
    is set anew.
  - The login needs no superuser. It may act as the client's role only inside the transaction.
  - What only a superuser can correct, and a schema that somebody else owns, is refused with
    RV(code=schema_conflict).
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.client
  - bot_freqtrade.platform.postgres
  - bot_freqtrade.platform.secret_store
  - bot_freqtrade.platform.kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) makes role and schema what they shall be.
      - V(absent) drops the schema with everything in it, and the role. There is no way back but a backup.
    type: str
    choices: [present, absent]
    default: present
  confirm:
    description:
      - Name of the schema to drop, such as V(cliente_001). O(state=absent) fails without it.
    type: str
  connection_limit:
    description:
      - How many connections the role may have at a time. A bot opens 15 at the most.
    type: int
    default: 20
  reader:
    description:
      - Role that gets the figures of the client's trades for monitoring. They are the numbers of open and
        closed trades, the profit, and the time of the last trade, for each currency.
      - It gets them by a function in the schema of its name, which runs as the client. It gets no privilege
        in the client's schema, and the client none in the reader's.
      - The role and its schema must be there. Without this option nothing is given and nothing is taken away.
    type: str
    version_added: 0.2.0
notes:
  - The database must be closed to C(PUBLIC) before the first client comes. That is part of making it.
  - PostgreSQL shows every role the names of all roles, schemas and tables, the settings of roles, and the
    number of rows in tables. That is why clients are numbers here.
seealso:
  - module: bot_freqtrade.platform.tenant_schema_info
  - module: bot_freqtrade.platform.bot_secret
  - name: PostgreSQL on schemas
    description: Usage patterns of schemas, of which this is the one with a schema for each user.
    link: https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
"""

EXAMPLES = r"""
---
- name: Give client 1 its schema
  bot_freqtrade.platform.tenant_schema:
    client: 1
    login_host: db.example.com
    login_user: platform_admin
    login_passfile: /etc/platform/pgpass
    login_sslmode: verify-full

- name: Drop everything that client 1 has in the database
  bot_freqtrade.platform.tenant_schema:
    client: 1
    state: absent
    confirm: cliente_001
    login_host: db.example.com
    login_user: platform_admin
    login_passfile: /etc/platform/pgpass
"""

RETURN = r"""
schema:
  description: Name of the schema.
  returned: success
  type: str
  sample: cliente_001
role:
  description: Name of the role, which is the schema's.
  returned: success
  type: str
  sample: cliente_001
database:
  description: Name of the database.
  returned: success
  type: str
  sample: freqtrade_multi
queries:
  description:
    - The SQL that was run in one transaction, or would be in check mode.
    - A placeholder stands for the verifier of the password.
  returned: success
  type: list
  elements: str
  sample:
    - ALTER ROLE "cliente_001" PASSWORD %(verifier)s
code:
  description:
    - What the failure is. One of V(confirmation_missing), V(schema_conflict), V(database_unreachable),
      V(database_refused), V(secret_store_unreachable), V(kubernetes_unreachable), V(kubernetes_refused),
      V(secret_conflict), V(library_missing) or V(usage).
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
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import (
    _kubernetes,
    _postgres,
    _secrets,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def change_schema(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    client, login = Client(options["client"]), _postgres.Login.from_options(options)
    if options["state"] == "absent":
        change = _postgres.remove_tenant(login, client.schema, options["confirm"], check=check)
    else:
        store = _secrets.open_store(options, client)
        password = _secrets.ClientSecrets(store, client, check=True).password()
        limit = options["connection_limit"]
        change = _postgres.ensure_tenant(
            login, client.schema, password, limit, reader=options["reader"], check=check
        )
    return {
        "changed": change.changed,
        "schema": client.schema,
        "role": client.schema,
        "database": login.database,
        "queries": change.queries,
        "diff": {"before": change.before, "after": change.after},
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "client": {"type": "int", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "confirm": {"type": "str"},
            "connection_limit": {"type": "int", "default": 20},
            "reader": {"type": "str"},
            **_postgres.ARGUMENT_SPEC,
            **_secrets.ARGUMENT_SPEC,
            **_kubernetes.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    run_module(module, lambda: change_schema(module.params, module.check_mode))


if __name__ == "__main__":
    main()
