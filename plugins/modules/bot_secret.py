#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bot_secret
short_description: Keep a client's secrets without showing them to Ansible
version_added: 0.1.0
description:
  - Makes the secrets that a bot reads, in the client's namespace or in AWS Secrets Manager. No secret is an
    argument or a result; only names are.
  - The database secret has C(password) and C(DATABASE_URL), the API secret C(username), C(password),
    C(jwt_secret_key) and C(ws_token). Their random values are made once and never changed.
  - The exchange keys come sealed in O(payload), which is public. The module opens it in its own process
    with a private key of the platform, and stores them as C(BINANCE_API_KEY) and C(BINANCE_SECRET_KEY) in
    an immutable secret of its own for each command, such as C(cliente-001-exchange-7).
  - O(state=pruned) deletes exchange secrets, after it has raised the floor, a note of the database secret.
    A run that wakes up late fails with RV(code=fence_stale) below the floor, and makes nothing.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.client
  - bot_freqtrade.platform.secret_store
  - bot_freqtrade.platform.kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the names of secrets and of their keys, and which keys are written. Values are never shown.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) makes what is missing, and the database URL what it shall be.
      - V(pruned) deletes the exchange secrets up to O(sequence) that are not in O(keep).
      - V(absent) deletes all secrets of the client. The password of its database role is lost with them, and
        M(bot_freqtrade.platform.tenant_schema) sets the next one.
    type: str
    choices: [present, pruned, absent]
    default: present
  sequence:
    description: Number of the command among the client's commands.
    type: int
  payload:
    description:
      - The command as the contract holds it, sealed, in hexadecimal with or without C(0x). It is no secret.
    type: str
  key_id:
    description: The platform key that O(payload) is sealed to, 4 bytes in hexadecimal.
    type: str
  sender:
    description: Address of the wallet that gave the command.
    type: str
  chain_id:
    description: Number of the chain that the command came from.
    type: int
  contract:
    description: Address of the contract that the command came from.
    type: str
  key_directory:
    description:
      - Directory with the private keys of the platform, one file for each key id, readable by their owner
        only.
    type: path
  database_host:
    description: Host of the database as the bot sees it. Required for O(state=present).
    type: str
  database_port:
    description: Port of the database as the bot sees it.
    type: int
    default: 5432
  database_name:
    description: Name of the database.
    type: str
    default: freqtrade_multi
  database_sslmode:
    description: What the bot demands of TLS.
    type: str
    choices: [disable, allow, prefer, require, verify-ca, verify-full]
    default: prefer
  keep:
    description: Names of exchange secrets that O(state=pruned) leaves alone.
    type: list
    elements: str
    default: []
  floor:
    description:
      - The lowest sequence that may make an exchange secret from now on. O(state=pruned) never lowers it.
      - Without it, it is the number after O(sequence).
    type: int
requirements:
  - cryptography >= 47, jsonschema and pycryptodome (Python libraries), for O(payload)
seealso:
  - module: bot_freqtrade.platform.tenant_schema
  - module: bot_freqtrade.platform.bot_values
"""

EXAMPLES = r"""
---
- name: Make the secrets that every bot needs
  bot_freqtrade.platform.bot_secret:
    client: 1
    database_host: db.example.com
    database_sslmode: require

- name: Take the exchange keys out of a sealed command
  bot_freqtrade.platform.bot_secret:
    client: 1
    database_host: db.example.com
    sequence: 7
    payload: "{{ platform_command.payload }}"
    key_id: "0x5f3a9c11"
    sender: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    chain_id: 1
    contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    key_directory: /etc/platform/keys
  register: secrets

- name: Delete the exchange secrets that nothing uses any more
  bot_freqtrade.platform.bot_secret:
    client: 1
    state: pruned
    sequence: 7
    keep:
      - cliente-001-exchange-7
"""

RETURN = r"""
secrets:
  description:
    - Names of the client's secrets by C(database), C(api) and C(exchange). V(null) where there is none.
    - C(exchange) is that of O(sequence), null when the command brought no exchange keys.
  returned: success
  type: dict
  sample: {database: cliente-001-database, api: cliente-001-api, exchange: cliente-001-exchange-7}
removed:
  description: Names of the secrets that were deleted, or would be.
  returned: success
  type: list
  elements: str
  sample: [cliente-001-exchange-3]
floor:
  description: The lowest sequence that may still make an exchange secret.
  returned: success
  type: int
  sample: 8
code:
  description:
    - What the failure is, such as V(fence_stale), V(secret_conflict), V(secret_store_unreachable), or
      V(payload_not_opened).
  returned: failure
  type: str
  sample: fence_stale
category:
  description: What may be concluded. One of V(refused), V(stale), V(undecided) or V(usage).
  returned: failure
  type: str
  sample: stale
"""

import functools
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import (
    _kubernetes,
    _postgres,
    _secrets,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module

PROVENANCE = ("key_id", "sender", "chain_id", "contract", "key_directory")
SSLMODES = _postgres.ARGUMENT_SPEC["login_sslmode"]["choices"]


def change_secrets(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    client, state = Client(options["client"]), options["state"]
    secrets = _secrets.ClientSecrets(_secrets.open_store(options, client), client, check=check)
    exchange = None
    if state == "absent":
        change = secrets.remove()
    elif state == "pruned":
        floor = options["floor"] if options["floor"] is not None else options["sequence"] + 1
        change = secrets.prune(options["sequence"], options["keep"], floor)
    else:
        exchange = _secrets.exchange_of(options, client)
        change = secrets.ensure(url_for(options, client), exchange)
    return {
        "changed": change.changed,
        "secrets": {
            "database": None if state == "absent" else client.database_secret,
            "api": None if state == "absent" else client.api_secret,
            "exchange": client.exchange_secret(exchange.sequence) if exchange and exchange.data else None,
        },
        "removed": change.removed,
        "floor": change.floor,
        "diff": change.diff(),
    }


def url_for(options: dict[str, t.Any], client: Client) -> t.Callable[[str], str]:
    return functools.partial(
        _postgres.database_url,
        user=client.schema,
        schema=client.schema,
        host=options["database_host"],
        port=options["database_port"],
        database=options["database_name"],
        sslmode=options["database_sslmode"],
    )


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "client": {"type": "int", "required": True},
            "state": {"type": "str", "choices": ["present", "pruned", "absent"], "default": "present"},
            "sequence": {"type": "int"},
            "payload": {"type": "str"},
            "key_id": {"type": "str", "no_log": False},
            "sender": {"type": "str"},
            "chain_id": {"type": "int"},
            "contract": {"type": "str"},
            "key_directory": {"type": "path", "no_log": False},
            "database_host": {"type": "str"},
            "database_port": {"type": "int", "default": 5432},
            "database_name": {"type": "str", "default": "freqtrade_multi"},
            "database_sslmode": {"type": "str", "choices": SSLMODES, "default": "prefer"},
            "keep": {"type": "list", "elements": "str", "default": []},
            "floor": {"type": "int"},
            **_secrets.ARGUMENT_SPEC,
            **_kubernetes.ARGUMENT_SPEC,
        },
        required_if=[("state", "present", ["database_host"]), ("state", "pruned", ["sequence"])],
        required_by={"payload": ["sequence", *PROVENANCE]},
        supports_check_mode=True,
    )
    run_module(module, lambda: change_secrets(module.params, module.check_mode))


if __name__ == "__main__":
    main()
