#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tenants_info
short_description: Tell which clients' bots run
version_added: 0.2.0
description:
  - Reads the desired state of all clients from the GitOps repository, at its newest commit.
  - A repository that cannot be reached, or is none of the platform, is an error and never an empty list.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.info_module
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.gitops
seealso:
  - plugin: bot_freqtrade.platform.tenants
    plugin_type: inventory
"""

EXAMPLES = r"""
---
- name: See whose bots run
  bot_freqtrade.platform.tenants_info:
    repository: ssh://git@git.example.com/platform/gitops.git
  register: tenants

- name: Go on only when nobody's does
  ansible.builtin.assert:
    that: tenants.running | length == 0
"""

RETURN = r"""
running:
  description:
    - Hosts of the clients whose bots run, or may run because their file cannot be understood.
  returned: success
  type: list
  elements: str
  sample: [cliente-001]
clients:
  description:
    - All clients that have a values file, with their state. That is V(running), V(stopped), V(undecided) or
      V(malformed).
  returned: success
  type: dict
  sample: {cliente-001: running, cliente-002: stopped}
code:
  description: What the failure is, such as V(git_unreachable) or V(usage).
  returned: failure
  type: str
  sample: git_unreachable
category:
  description: What may be concluded, one of V(undecided) or V(usage).
  returned: failure
  type: str
  sample: undecided
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _gitops
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def survey(options: dict[str, t.Any]) -> dict[str, t.Any]:
    with _gitops.repository_of(options).snapshot() as snapshot:
        _gitops.require_platform(snapshot)
        found = _gitops.survey(snapshot)
    return {
        "running": found.running,
        "clients": {client.host: each["state"] for client, each in sorted(found.clients.items())},
    }


def main() -> t.NoReturn:
    module = AnsibleModule(argument_spec=_gitops.ARGUMENT_SPEC, supports_check_mode=True)
    run_module(module, lambda: survey(module.params))


if __name__ == "__main__":
    main()
