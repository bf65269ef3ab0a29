#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: argocd_application
short_description: Have Argo CD sync a client's Application to a commit
version_added: 0.1.0
description:
  - Asks Argo CD to look at the GitOps repository now, and waits until the client's Application is synced
    at a revision that contains O(commit), that is O(commit) itself or one of its descendants. Argo CD
    syncs the whole branch, so the revision often has later commits of other clients.
  - It is synced when the last operation succeeded, the Application is C(Synced) at such a revision, and
    that was compared after the operation ended.
  - When the Application does not exist yet, its ApplicationSet is asked to make it.
  - The sync is issued again when the automated sync has given the revision up or does not come.
  - What Argo CD reports is told apart. A manifest that cannot be rendered or an object that the API
    server refuses fails at once, with the codes V(manifest_refused) and V(sync_refused). What Argo CD
    could not reach is waited for until O(timeout), and then fails with a code that says that nothing may
    be concluded.
  - An operation that this module issued does not outlive it. A refresh that was asked for and not
    answered stays, and does no harm.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.client
  - bot_freqtrade.platform.gitops
  - bot_freqtrade.platform.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - Says whether the Application is synced at the commit as far as Argo CD has looked, and asks for
        nothing.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  commit:
    description:
      - Full id of the commit that must be in the synced revision.
    type: str
    required: true
  terminate_running:
    description:
      - End a running operation for a revision that does not contain O(commit), such as one that still
        retries what O(commit) takes back.
    type: bool
    default: false
  timeout:
    description:
      - Seconds that all of it may take.
    type: int
    default: 120
  argocd_namespace:
    description:
      - Namespace of Argo CD, its Applications and ApplicationSets.
    type: str
    default: argocd
  application_set:
    description:
      - Name of the ApplicationSet that makes one Application of each client.
    type: str
    default: clientes
seealso:
  - name: Argo CD, automated sync policy
    description: When Argo CD syncs by itself, and when it gives a revision up.
    link: https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
  - module: bot_freqtrade.platform.bot_values
  - module: bot_freqtrade.platform.bot_health_info
"""

EXAMPLES = r"""
---
- name: See Argo CD apply the commit
  bot_freqtrade.platform.argocd_application:
    client: 1
    commit: 4f8b6a2e9d0c1b3a5f7e8d9c0b1a2f3e4d5c6b7a
    repository: ssh://git@git.example.com/platform/gitops.git

- name: Have what was approved before applied, whatever Argo CD is busy with
  bot_freqtrade.platform.argocd_application:
    client: 1
    commit: "{{ restored.commit }}"
    terminate_running: true
    timeout: 60
    repository: ssh://git@git.example.com/platform/gitops.git
    kubeconfig: /etc/platform/kubeconfig
"""

RETURN = r"""
revision:
  description: The revision that Argo CD compared the cluster with last.
  returned: success
  type: str
  sample: 9c0b1a2f3e4d5c6b7a4f8b6a2e9d0c1b3a5f7e8d
phase:
  description: The phase of the last operation.
  returned: success
  type: str
  sample: Succeeded
sync:
  description: Whether the cluster is as the revision says.
  returned: success
  type: str
  sample: Synced
seconds:
  description: Seconds that it took.
  returned: success
  type: float
  sample: 1.75
timeline:
  description:
    - Seconds spent waiting for each stage that was not reached at once. C(application) to exist,
      C(comparison) with our commit, C(operation) to start, C(sync) to end, and C(verification) after it.
  returned: success
  type: dict
  sample: {comparison: 0.29, sync: 1.46}
code:
  description:
    - What the failure is, such as V(manifest_refused), V(sync_refused), V(sync_timeout),
      V(argocd_unreachable), V(kubernetes_unreachable) or V(git_unreachable).
  returned: failure
  type: str
  sample: manifest_refused
category:
  description: What may be concluded, one of V(refused), V(undecided) or V(usage).
  returned: failure
  type: str
  sample: refused
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _gitops, _kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def synchronise(options: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    repository, commit = _gitops.repository_of(options), options["commit"]
    synchronisation = _kubernetes.Synchronisation(
        _kubernetes.cluster_of(options),
        _kubernetes.Target(
            options["argocd_namespace"], Client(options["client"]).application, options["application_set"]
        ),
        lambda revision: repository.contains(revision, commit),
        _kubernetes.Stopwatch(options["timeout"]),
        terminate_running=options["terminate_running"],
    )
    return synchronisation.look() if check_mode else synchronisation.run()


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "client": {"type": "int", "required": True},
            "commit": {"type": "str", "required": True},
            "terminate_running": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 120},
            "argocd_namespace": {"type": "str", "default": "argocd"},
            "application_set": {"type": "str", "default": "clientes"},
            **_gitops.ARGUMENT_SPEC,
            **_kubernetes.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    options = module.params
    run_module(module, lambda: synchronise(options, module.check_mode))


if __name__ == "__main__":
    main()
