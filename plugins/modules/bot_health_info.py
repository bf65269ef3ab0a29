#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bot_health_info
short_description: Tell whether a client's bot trades
version_added: 0.1.0
description:
  - Looks at the newest pod of the bot's Deployment, as Kubernetes and the bot's own probe see it. No
    connection to the bot is made, and no Secret is read.
  - A bot is V(healthy) when its pod has been ready for O(stable_seconds) without a break, and no older
    pod is left. It is V(stopped) when no bot is wanted and no pod is left, not even one that is ending.
  - A bot is V(unhealthy) when it was seen not to trade. Some reasons are known at once, such as
    V(strategy_not_loadable) or V(exchange_key_refused); V(strategy_raises) after five seconds,
    V(bot_crashed) and V(out_of_memory) at the second crash, and V(bot_not_ready) only at O(timeout).
  - What does not speak of the bot makes it V(unreachable), an exchange or a database that does not
    answer, or a Kubernetes API that cannot be reached. Nothing may be concluded from it.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.info_module
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.client
  - bot_freqtrade.platform.kubernetes
options:
  expect:
    description:
      - V(none) reports what is seen now, and never fails because of it.
      - V(healthy) and V(stopped) wait for that, and fail when it is known not to come or has not come in
        O(timeout).
    type: str
    choices: [healthy, stopped, none]
    default: none
  stable_seconds:
    description:
      - Seconds for which the pod must be ready without a break.
    type: int
    default: 10
  timeout:
    description:
      - Seconds to wait. A pod that is ready then is watched until its O(stable_seconds) are over.
    type: int
    default: 120
  log_lines:
    description:
      - How many lines of the log's end to return.
    type: int
    default: 30
seealso:
  - module: bot_freqtrade.platform.argocd_application
"""

EXAMPLES = r"""
---
- name: See the bot trade for a quarter of a minute
  bot_freqtrade.platform.bot_health_info:
    client: 1
    expect: healthy
    stable_seconds: 15

- name: See that no pod is left
  bot_freqtrade.platform.bot_health_info:
    client: 1
    expect: stopped
    timeout: 60

- name: Look at the bot as it is now
  bot_freqtrade.platform.bot_health_info:
    client: 1
    kubeconfig: /etc/platform/kubeconfig
  register: bot
"""

RETURN = r"""
verdict:
  description: One of V(healthy), V(unhealthy), V(unreachable) or V(stopped).
  returned: success
  type: str
  sample: healthy
reason:
  description:
    - Why the bot is V(unhealthy), such as V(strategy_raises), or V(unreachable), such as
      V(exchange_unavailable).
    - Empty for the other verdicts.
  returned: success
  type: str
  sample: ''
pod:
  description: The newest pod of the bot. Empty when there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the pod.
      type: str
      returned: when there is a pod
      sample: cliente-001-freqtrade-5d4f8c7b9-x2x7p
    uid:
      description: Id of the pod, which no other pod ever has.
      type: str
      returned: when there is a pod
      sample: 0b9c9a52-9f55-4a57-9f0d-6a1f4f9f3c11
    ready_since:
      description: Since when it has been ready. Empty when it is not.
      type: str
      returned: when there is a pod
      sample: '2026-03-02T10:11:12Z'
    restart_count:
      description: How often the bot's container was started again.
      type: int
      returned: when there is a pod
      sample: 0
    image:
      description: Image of the bot's container.
      type: str
      returned: when there is a pod
      sample: registry.example.com/freqtrade-platform:2026.9
    image_digest:
      description: Digest of the image that runs.
      type: str
      returned: when there is a pod
      sample: sha256:8b40e41988d0733f4cac045a267db5b5717e3a4e0e55eaf46cafc2ddca13b113
exit:
  description: How a container of the pod ended last. Empty when none did.
  returned: success
  type: dict
  contains:
    code:
      description: Exit code.
      type: int
      returned: when a container ended
      sample: 2
    reason:
      description: What the image said of it, else V(out_of_memory) or V(bot_crashed).
      type: str
      returned: when a container ended
      sample: strategy_not_loadable
log_tail:
  description:
    - The end of the bot's log, after a crash the log of the container that ended.
    - Everything that looks like a secret is replaced by C(***).
  returned: success
  type: list
  elements: str
  sample: ['freqtrade.worker - INFO - Bot heartbeat. PID=7, version=2026.9, state=RUNNING']
seconds:
  description: Seconds that it took.
  returned: success
  type: float
  sample: 17.2
code:
  description:
    - The reason of the verdict, or V(bot_not_stopped).
    - C(details) holds verdict, pod, exit and log.
  returned: failure
  type: str
  sample: strategy_raises
category:
  description: What may be concluded, one of V(unhealthy), V(refused), V(undecided) or V(usage).
  returned: failure
  type: str
  sample: unhealthy
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def look(options: dict[str, t.Any]) -> dict[str, t.Any]:
    client = Client(options["client"])
    watch = _kubernetes.HealthWatch(
        _kubernetes.cluster_of(options),
        client.namespace,
        client.application,
        _kubernetes.Stopwatch(options["timeout"]),
        stable_seconds=options["stable_seconds"],
        log_lines=options["log_lines"],
    )
    return watch.look() if options["expect"] == "none" else watch.run(options["expect"])


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "client": {"type": "int", "required": True},
            "expect": {"type": "str", "choices": ["healthy", "stopped", "none"], "default": "none"},
            "stable_seconds": {"type": "int", "default": 10},
            "timeout": {"type": "int", "default": 120},
            "log_lines": {"type": "int", "default": 30},
            **_kubernetes.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    run_module(module, lambda: look(module.params))


if __name__ == "__main__":
    main()
