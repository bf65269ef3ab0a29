#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_load_balancers
short_description: Delete the load balancers that a cluster has made
version_added: 0.2.0
description:
  - Deletes the Services of type C(LoadBalancer) in all namespaces, and waits until they are gone. A cloud's
    controller lets them go when it has deleted the load balancer.
  - A cluster that is deleted with them leaves them behind, and the network that they are in cannot be
    deleted.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
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
      - What they shall be.
    type: str
    choices: [absent]
    default: absent
  timeout:
    description:
      - Seconds that it may take.
    type: int
    default: 300
seealso:
  - module: bot_freqtrade.platform.terraform
"""

EXAMPLES = r"""
---
- name: Delete what the cluster has made outside of itself
  bot_freqtrade.platform.cluster_load_balancers:
    kubeconfig: ~/.kube/bot-freqtrade
"""

RETURN = r"""
removed:
  description: The Services that were deleted, or would be, each as namespace and name.
  returned: success
  type: list
  elements: str
  sample: [traefik/traefik]
code:
  description:
    - What the failure is, such as V(load_balancer_stays), V(kubernetes_unreachable) or V(kubernetes_refused).
  returned: failure
  type: str
  sample: load_balancer_stays
category:
  description: What may be concluded, one of V(undecided) or V(usage).
  returned: failure
  type: str
  sample: undecided
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def remove(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    removed = _kubernetes.remove_load_balancers(
        _kubernetes.cluster_of(options), _kubernetes.Stopwatch(options["timeout"]), check=check
    )
    return {
        "changed": bool(removed),
        "removed": removed,
        "diff": {"before": "".join(f"{name}\n" for name in removed), "after": ""},
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
            "timeout": {"type": "int", "default": 300},
            **_kubernetes.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    run_module(module, lambda: remove(module.params, module.check_mode))


if __name__ == "__main__":
    main()
