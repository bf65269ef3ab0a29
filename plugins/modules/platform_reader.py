#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: platform_reader
short_description: Make the role that reads the figures of clients' trades
version_added: 0.2.0
description:
  - Makes a role for monitoring and a schema of its name. The role may connect to the clients' database and
    use that schema, and no more.
  - M(bot_freqtrade.platform.tenant_schema) with O(bot_freqtrade.platform.tenant_schema#module:reader) puts
    the figures of each client there.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.postgres
  - bot_freqtrade.platform.role_password
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the role and its schema.
    type: str
    default: platform_metrics
seealso:
  - module: bot_freqtrade.platform.platform_database
  - module: bot_freqtrade.platform.tenant_schema
"""

EXAMPLES = r"""
---
- name: Make the role that the exporter of trading figures logs in as
  bot_freqtrade.platform.platform_reader:
    role_passfile: /etc/platform/pgpass-metrics
    login_host: db.example.com
    login_user: platform_admin
    login_passfile: /etc/platform/pgpass
"""

RETURN = r"""
role:
  description: Name of the role.
  returned: success
  type: str
  sample: platform_metrics
passfile_written:
  description: Whether O(role_passfile) was changed, or would be.
  returned: success
  type: bool
  sample: false
queries:
  description:
    - The SQL that was run, or would be in check mode.
    - A placeholder stands for the verifier of the password.
  returned: success
  type: list
  elements: str
  sample:
    - CREATE SCHEMA "platform_metrics"
code:
  description:
    - What the failure is. One of V(database_unreachable), V(database_refused), V(secret_conflict),
      V(secret_store_unreachable), V(library_missing) or V(usage).
  returned: failure
  type: str
  sample: database_refused
category:
  description: What may be concluded. One of V(undecided) or V(usage).
  returned: failure
  type: str
  sample: undecided
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import (
    _passwords,
    _postgres,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def change_reader(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    login, name = _passwords.login_of(options), options["name"]
    kept = _passwords.keep_password(options, login.as_user(name, ""), check=check)
    queries = _postgres.create_reader(login, name, kept.password, check=check)
    return {
        "changed": bool(queries) or kept.written,
        "role": name,
        "passfile_written": kept.written,
        "queries": queries,
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "default": "platform_metrics"},
            **_postgres.ARGUMENT_SPEC,
            **_passwords.ARGUMENT_SPEC,
        },
        **_passwords.RULES,
        supports_check_mode=True,
    )
    run_module(module, lambda: change_reader(module.params, module.check_mode))


if __name__ == "__main__":
    main()
