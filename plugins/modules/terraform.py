#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: terraform
short_description: Make infrastructure what a Terraform configuration says, or take it back
version_added: 0.2.0
description:
  - Initialises the configuration with its backend, plans to a file, and applies that very file.
  - What somebody changed outside of Terraform is told apart from what the configuration changes.
  - A failed apply says which resources failed and what that means. What was made is in the state, and
    running it again goes on from there. That also holds when the run was asked to end, or killed. Terraform
    then finishes by itself and saves its state, and another run on the same host is refused while it does.
  - Plans and variables lie in a directory that only the user can read, and are removed at the end.
  - Each resource is reported as it is done, in the task's output and in O(progress_file).
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
attributes:
  check_mode:
    support: full
    details:
      - Plans, and reports the plan. The backend's lock is taken for that long.
  diff_mode:
    support: full
    details:
      - Shows the attributes that change by the address of their resource. Values that Terraform knows to be
        sensitive are not shown.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) makes the resources what the configuration says. V(absent) deletes all that are in the
        state.
    type: str
    choices: [present, absent]
    default: present
  directory:
    description:
      - Directory of the configuration. It is copied for the run, so it needs nothing from outside it, and
        nothing is written into it.
    type: path
    required: true
  variables:
    description:
      - Values of variables. They take precedence over O(variable_files). A variable that the configuration
        does not declare is an error.
      - No secrets. Give the name of a secret, and let the configuration read it.
    type: dict
    default: {}
  variable_files:
    description:
      - Files with values of variables, the later ones taking precedence.
    type: list
    elements: path
    default: []
  backend:
    description:
      - Type of the backend that keeps the state, in place of the one that the configuration declares.
      - V(local) without a C(path) in O(backend_config) forgets the state at the end of the run.
    type: str
    choices: [local, s3]
  backend_config:
    description:
      - Settings of the backend, such as C(bucket), C(key) and C(region). Credentials are found where AWS's
        own tools find them.
    type: dict
    default: {}
  confirm:
    description:
      - The name of what O(state=absent) deletes. It must be equal to the variable C(name), and to the output
        C(name) of the state, where the configuration has them. Check mode does without.
    type: str
  unprotect:
    description:
      - Values of variables that lift the protection from deletion. With O(state=absent), protected resources
        are changed with them first. Without it, the module fails while there are such resources, and touches
        nothing.
      - Resources are protected that have C(deletion_protection) set, or C(force_delete) or C(force_destroy)
        unset.
    type: dict
  unlock:
    description:
      - Id of a lock to take away first, in check mode too, which needs the lock itself.
        Only for the lock of a run that is dead for certain.
    type: str
  lock_timeout:
    description:
      - Seconds to wait for the lock of another run.
    type: int
    default: 0
  terraform:
    description:
      - The program, as a name on E(PATH) or a path.
    type: path
    default: terraform
  cache_directory:
    description:
      - Directory in which each configuration with its backend gets a private place for providers and runs.
      - Without it, C(bot_freqtrade/terraform) in the directory of E(XDG_CACHE_HOME), or in C(~/.cache).
    type: path
  progress_file:
    description:
      - File that a line is appended to for each resource. The task's output shows the same lines.
    type: path
requirements:
  - Terraform >= 1.11
seealso:
  - module: bot_freqtrade.platform.eks_kubeconfig
"""

EXAMPLES = r"""
---
- name: Make the infrastructure
  bot_freqtrade.platform.terraform:
    directory: infra/terraform
    variables:
      name: bot-freqtrade
      region: eu-central-1
      account_id: "123456789012"
      cluster_admin_arns: ["arn:aws:iam::123456789012:role/operators"]
    backend_config:
      bucket: bot-freqtrade-state-123456789012-eu-central-1
      key: bot-freqtrade/terraform.tfstate
      region: eu-central-1
  register: infrastructure

- name: See what somebody has changed by hand
  ansible.builtin.debug:
    var: infrastructure.drift

- name: Delete it again, the database included
  bot_freqtrade.platform.terraform:
    state: absent
    confirm: bot-freqtrade
    unprotect:
      database_deletion_protection: false
      image_repository_force_delete: true
    directory: infra/terraform
    variable_files: [production.tfvars]
    backend_config:
      bucket: bot-freqtrade-state-123456789012-eu-central-1
      key: bot-freqtrade/terraform.tfstate
      region: eu-central-1
"""

RETURN = r"""
outputs:
  description:
    - Outputs of the configuration without sensitive ones. In check mode those that the state has.
  returned: success
  type: dict
  sample: {cluster_name: bot-freqtrade}
summary:
  description: How many resources each action concerns.
  returned: success
  type: dict
  sample: {import: 0, create: 2, change: 1, replace: 0, delete: 0}
changes:
  description:
    - The resources that change, with the action and its cause. C(configuration) is what the configuration
      says, C(drift) only takes back what somebody else changed.
  returned: success
  type: list
  elements: dict
  sample: [{address: aws_vpc.this, action: create, cause: configuration}]
drift:
  description:
    - The resources that somebody else changed or deleted, with the names of the attributes, and whether the
      plan takes that back.
  returned: success
  type: list
  elements: dict
  sample: [{address: aws_ecr_repository.this, action: change, attributes: [tags], taken_back: true}]
code:
  description:
    - What the failure is. V(state_locked), V(state_of_another), V(state_not_saved), V(state_missing),
      V(region_wrong), V(account_wrong), V(credentials_invalid), V(permission_denied), V(name_taken),
      V(quota_exceeded), V(still_protected), V(variables_invalid), V(configuration_invalid),
      V(confirmation_missing), V(aws_unreachable), V(interrupted), V(library_missing) or V(terraform_failed).
  returned: failure
  type: str
  sample: permission_denied
category:
  description: What may be concluded, one of V(refused), V(undecided) or V(usage).
  returned: failure
  type: str
  sample: refused
details:
  description:
    - The C(phase), and the failed C(resources) with the code and message of each. After an apply the
      addresses of the resources that are C(done) and that C(failed). The C(lock) with its C(id).
  returned: failure
  type: dict
  sample: {phase: apply, done: [aws_vpc.this], failed: [aws_eks_cluster.this]}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _terraform
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def manage(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    with _terraform.deployment_of(options) as deployment:
        if options["state"] == "present":
            return _terraform.ensure(deployment, check=check)
        return _terraform.remove(
            deployment, confirm=options["confirm"], unprotect=options["unprotect"], check=check
        )


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "directory": {"type": "path", "required": True},
            "variables": {"type": "dict", "default": {}},
            "variable_files": {"type": "list", "elements": "path", "default": []},
            "backend": {"type": "str", "choices": ["local", "s3"]},
            "backend_config": {"type": "dict", "default": {}},
            "confirm": {"type": "str"},
            "unprotect": {"type": "dict"},
            "unlock": {"type": "str"},
            "lock_timeout": {"type": "int", "default": 0},
            "terraform": {"type": "path", "default": "terraform"},
            "cache_directory": {"type": "path"},
            "progress_file": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda: manage(module.params, module.check_mode))


if __name__ == "__main__":
    main()
