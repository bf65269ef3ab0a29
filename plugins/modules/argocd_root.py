#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: argocd_root
short_description: Let Argo CD follow the GitOps repository
version_added: 0.2.0
description:
  - Applies the objects in C(argocd-application.yaml) at the root of the GitOps repository. They are projects,
    ApplicationSets and Applications of Argo CD, by which it finds everything else.
  - The file is read from the repository's newest commit. One that holds anything else is refused.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.gitops
  - bot_freqtrade.platform.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - The API server says what applying would give.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  argocd_namespace:
    description:
      - Namespace of Argo CD.
    type: str
    default: argocd
requirements:
  - PyYAML >= 6.0
seealso:
  - module: bot_freqtrade.platform.argocd_application
"""

EXAMPLES = r"""
---
- name: Let Argo CD follow the repository
  bot_freqtrade.platform.argocd_root:
    repository: ssh://git@git.example.com/platform/gitops.git
    kubeconfig: ~/.kube/bot-freqtrade
"""

RETURN = r"""
objects:
  description: The objects of the file, each as kind and name.
  returned: success
  type: list
  elements: str
  sample: [AppProject/clientes-projects, ApplicationSet/clientes]
commit:
  description: The commit that the file was read from.
  returned: success
  type: str
  sample: 9c0b1a2f3e4d5c6b7a4f8b6a2e9d0c1b3a5f7e8d
code:
  description:
    - What the failure is, such as V(usage), V(git_unreachable), V(kubernetes_unreachable) or
      V(kubernetes_refused).
  returned: failure
  type: str
  sample: usage
category:
  description: What may be concluded, one of V(undecided) or V(usage).
  returned: failure
  type: str
  sample: usage
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _gitops, _kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module

RESOURCES = {
    "AppProject": _kubernetes.APP_PROJECTS,
    "ApplicationSet": _kubernetes.APPLICATION_SETS,
    "Application": _kubernetes.APPLICATIONS,
}


def apply_root(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    with _gitops.repository_of(options).snapshot() as snapshot:
        objects = _gitops.read_root(snapshot, options["argocd_namespace"])
        commit = snapshot.head
    applied = _kubernetes.apply_all(
        _kubernetes.cluster_of(options), [(RESOURCES[each["kind"]], each) for each in objects], check=check
    )
    return {
        "changed": any(each.changed for each in applied),
        "objects": [each.name for each in applied],
        "commit": commit,
        "diff": {
            "before": {each.name: each.before for each in applied if each.changed and each.before},
            "after": {each.name: each.after for each in applied if each.changed},
        },
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "argocd_namespace": {"type": "str", "default": "argocd"},
            **_gitops.ARGUMENT_SPEC,
            **_kubernetes.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    run_module(module, lambda: apply_root(module.params, module.check_mode))


if __name__ == "__main__":
    main()
