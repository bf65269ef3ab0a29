#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: platform_database
short_description: Make a database of the platform and the role that owns it
version_added: 0.2.0
description:
  - Makes a role and the database that it owns, and corrects what has drifted. The role is no superuser and
    may not make databases.
  - Takes from C(PUBLIC) every privilege on this database and its schema C(public), and on the other
    databases of the login, such as C(postgres). Where the login is a superuser, the making of large objects
    as well.
  - The login needs what a managed service gives its master user, C(CREATEROLE) and C(CREATEDB), and no
    superuser. It keeps no way into the database, which the owner itself closes.
  - A database that the service made for its master user is handed to the owner. That of anybody else, and a
    role with more powers than it shall have, are refused with RV(code=database_conflict).
  - A run that was interrupted is ended by the next one.
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
    details:
      - What is open inside a database is foreseen only where somebody can look into it already.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the database.
    type: str
    required: true
  owner:
    description:
      - Name of the role that owns the database. It cannot be O(login_user).
    type: str
    required: true
  owner_creates_roles:
    description:
      - Whether the owner has C(CREATEROLE), which the role needs that makes the clients' schemas.
    type: bool
    default: false
  login_user:
    description:
      - Role to log in as, with C(CREATEROLE) and C(CREATEDB).
    type: str
    required: true
  login_database:
    description:
      - Database to log in to. It cannot be O(name).
    type: str
    default: postgres
notes:
  - Databases cannot be dropped with this module.
  - The password reaches the server as a SCRAM verifier only. A role whose password is another gets this one.
seealso:
  - module: bot_freqtrade.platform.tenant_schema
"""

EXAMPLES = r"""
---
- name: Make the clients' database and the admin of their schemas on a server of RDS
  bot_freqtrade.platform.platform_database:
    name: freqtrade_multi
    owner: platform_admin
    owner_creates_roles: true
    role_passfile: /etc/platform/pgpass
    login_host: db.example.com
    login_user: master
    login_secret: arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-5f0c-AbCdEf
    login_sslmode: verify-full

- name: Make the listener's database with a password file for the master user
  bot_freqtrade.platform.platform_database:
    name: platform
    owner: platform_listener
    role_passfile: /etc/platform/pgpass-listener
    login_host: db.example.com
    login_user: master
    login_passfile: /root/pgpass-master
"""

RETURN = r"""
database:
  description: Name of the database.
  returned: success
  type: str
  sample: freqtrade_multi
owner:
  description: Name of the role that owns it.
  returned: success
  type: str
  sample: platform_admin
left_open:
  description:
    - What every role of the server may do still, because the login cannot take it from C(PUBLIC).
    - A managed service keeps some of these to itself. Tenants can then use up the disk with large objects.
  returned: success
  type: list
  elements: str
  sample:
    - CONNECT ON DATABASE template1
    - EXECUTE ON FUNCTION lo_create(oid)
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
    - CREATE DATABASE "freqtrade_multi" OWNER "platform_admin"
code:
  description:
    - What the failure is. One of V(database_conflict), V(database_unreachable), V(database_refused),
      V(secret_conflict), V(secret_store_unreachable), V(library_missing) or V(usage).
  returned: failure
  type: str
  sample: database_conflict
category:
  description: What may be concluded. One of V(undecided) or V(usage).
  returned: failure
  type: str
  sample: usage
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import (
    _passwords,
    _postgres,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def change_database(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    login = _passwords.login_of(options)
    owned = login.as_user(options["owner"], "").to(options["name"])
    kept = _passwords.keep_password(options, owned, check=check)
    owner = _postgres.Owner(options["owner"], kept.password, options["owner_creates_roles"])
    change = _postgres.ensure_database(login, options["name"], owner, check=check)
    return {
        "changed": change.changed or kept.written,
        "database": options["name"],
        "owner": owner.name,
        "left_open": change.left_open,
        "passfile_written": kept.written,
        "queries": change.queries,
        "diff": {"before": change.before, "after": change.after},
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "owner": {"type": "str", "required": True},
            "owner_creates_roles": {"type": "bool", "default": False},
            **_postgres.ARGUMENT_SPEC,
            **_passwords.ARGUMENT_SPEC,
            "login_database": {"type": "str", "default": "postgres"},
        },
        **_passwords.RULES,
        supports_check_mode=True,
    )
    run_module(module, lambda: change_database(module.params, module.check_mode))


if __name__ == "__main__":
    main()
