#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bot_values
short_description: Commit what a client's bot shall be
version_added: 0.1.0
description:
  - Renders the values file of one client, C(clientes/cliente-001/values.yaml), checks it against the chart's
    schema and the catalogue of strategies in the same revision of the GitOps repository, commits it and
    pushes the commit.
  - Commits of other writers are never lost. A push that meets one plans again on top of it.
  - The file's C(platform) part is the fence of the client. It keeps the sequence of the client's command,
    the attempt, and what was decided. A run with a lower sequence or attempt fails with the code
    V(fence_stale), and the run of a command that was decided gets RV(recorded) and writes nothing.
  - A run without O(command_id) is an operator's. It goes on under the sequence that it finds, with the next
    attempt, and makes no commit when nothing else would change.
  - Each commit names its run in trailers such as C(Platform-Sequence) and C(Platform-Transition).
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.client
  - bot_freqtrade.platform.gitops
attributes:
  check_mode:
    support: full
    details:
      - The repository is read, and RV(commit) is V(none) where a commit would be made.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(registered) makes sure that the client has a file, at first with a stopped bot.
      - V(started) runs the bot of O(specification).
      - V(stopped) runs no bot, and names no exchange keys.
      - V(decided) records O(decision). An approval makes what the file says the approved state.
      - V(restored) brings back the approved state, stopped included. A client that was never approved is
        stopped.
    type: str
    required: true
    choices: [registered, started, stopped, decided, restored]
  command_id:
    description:
      - Id of the command on its chain, with O(sequence) and O(attempt).
      - An operator's run has none.
    type: str
  sequence:
    description:
      - Number of the command, which counts the client's commands from 1.
      - In an operator's run, the number in the RV(fence) of its first change, which must still hold.
    type: int
  attempt:
    description:
      - Number of the run, from 1. It goes with O(sequence).
    type: int
  specification:
    description:
      - What the bot trades and how. Required for O(state=started).
      - Its fields are C(strategy), C(pairs), C(timeframe), C(stake_currency), C(stake_amount),
        C(max_open_trades), C(dry_run) and C(dry_run_wallet).
    type: dict
  secrets:
    description:
      - Names of Secrets in the client's namespace, for O(state=started). What is left out or empty has its
        usual name.
    type: dict
    suboptions:
      database:
        description: Secret with the URL of the database.
        type: str
      api:
        description: Secret with the credentials of the bot's own API.
        type: str
      exchange:
        description: Secret with the exchange keys. A bot without dry run needs one.
        type: str
  decision:
    description:
      - The decision to record. Required for O(state=decided).
    type: str
    choices: [approved, rolled_back]
  reason:
    description:
      - Error code that a decision to roll back is made for.
    type: str
    default: ''
  evidence:
    description:
      - Public evidence of the decision, with the texts C(commit), C(image_digest), C(pod_uid),
        C(ready_since) and C(reason), or some of them.
    type: dict
    default: {}
requirements:
  - jsonschema >= 4.18
  - PyYAML >= 6.0
seealso:
  - module: bot_freqtrade.platform.argocd_application
  - plugin: bot_freqtrade.platform.tenants
    plugin_type: inventory
"""

EXAMPLES = r"""
---
- name: Give client 1 a file with a stopped bot
  bot_freqtrade.platform.bot_values:
    client: 1
    state: registered
    repository: file:///srv/gitops.git

- name: Start the bot of client 1 in a dry run
  bot_freqtrade.platform.bot_values:
    client: 1
    state: started
    specification:
      strategy: SampleTrend
      pairs: [BTC/USDT]
      timeframe: 5m
      stake_currency: USDT
      stake_amount: 100
      max_open_trades: 2
      dry_run: true
    repository: file:///srv/gitops.git
  register: values

- name: Approve the bot that was seen trading
  bot_freqtrade.platform.bot_values:
    client: 1
    state: decided
    decision: approved
    sequence: "{{ values.fence.sequence }}"
    attempt: "{{ values.fence.attempt }}"
    repository: file:///srv/gitops.git
"""

RETURN = r"""
commit:
  description:
    - The commit made, or the one that the unchanged file is from.
    - V(none) in check mode when a commit would be made.
  returned: success
  type: str
  sample: 4f8b6a2e9d0c1b3a5f7e8d9c0b1a2f3e4d5c6b7a
path:
  description: Path of the client's file in the repository.
  returned: success
  type: str
  sample: clientes/cliente-001/values.yaml
replicas:
  description: V(1) for a bot that shall run, V(0) for a stopped one.
  returned: success
  type: int
  sample: 1
fence:
  description: The C(sequence) and C(attempt) that may write, and what was C(decided) with its C(reason).
  returned: success
  type: dict
  sample: {sequence: 7, attempt: 1, decided: '', reason: ''}
recorded:
  description: The C(decision), C(reason) and C(evidence) that the command has already, or V(none).
  returned: success
  type: dict
  sample: {decision: approved, reason: '', evidence: {pod_uid: 0b9c9a52-9f55-4a57-9f0d-6a1f4f9f3c11}}
approved:
  description: The C(replicas), C(sequence) and C(exchange_secret) of the state approved last.
  returned: success
  type: dict
  sample: {replicas: 1, sequence: 3, exchange_secret: cliente-001-exchange-3}
restored:
  description: The same of the state that was brought back, or V(none) for any state but V(restored).
  returned: success
  type: dict
  sample: {replicas: 0, sequence: 0, exchange_secret: ''}
code:
  description: What the failure is, such as V(fence_stale), V(specification_invalid) or V(git_unreachable).
  returned: failure
  type: str
  sample: fence_stale
category:
  description: What may be concluded, one of V(refused), V(stale), V(undecided) or V(usage).
  returned: failure
  type: str
  sample: stale
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _gitops
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import check_specification
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module

SECRETS = {"database": {"type": "str"}, "api": {"type": "str"}, "exchange": {"type": "str"}}


def request_of(options: dict[str, t.Any]) -> _gitops.Request:
    """Return what the options ask for; raise ``usage`` or ``specification_invalid``."""
    starts, numbered = options["state"] == "started", options["sequence"] is not None
    return _gitops.Request(
        client=Client(options["client"]),
        transition=options["state"],
        fence=_gitops.Fence(options["sequence"], options["attempt"]) if numbered else None,
        command=options["command_id"] or "",
        specification=check_specification(options["specification"]) if starts else None,
        secrets=options["secrets"] or {},
        decision=options["decision"] or "",
        reason=options["reason"],
        evidence=options["evidence"],
    )


def commit(options: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    return _gitops.transact(_gitops.repository_of(options), request_of(options), check_mode)


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "client": {"type": "int", "required": True},
            "state": {"type": "str", "required": True, "choices": list(_gitops.TRANSITIONS)},
            "command_id": {"type": "str"},
            "sequence": {"type": "int"},
            "attempt": {"type": "int"},
            "specification": {"type": "dict"},
            "secrets": {"type": "dict", "options": SECRETS, "no_log": False},
            "decision": {"type": "str", "choices": ["approved", "rolled_back"]},
            "reason": {"type": "str", "default": ""},
            "evidence": {"type": "dict", "default": {}},
            **_gitops.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
        required_together=[("sequence", "attempt")],
        required_by={"command_id": "sequence"},
        required_if=[("state", "started", ["specification"]), ("state", "decided", ["decision"])],
    )
    options = module.params
    run_module(module, lambda: commit(options, module.check_mode))


if __name__ == "__main__":
    main()
