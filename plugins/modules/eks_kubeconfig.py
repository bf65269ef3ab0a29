#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_kubeconfig
short_description: Write the kubeconfig of an EKS cluster
version_added: 0.2.0
description:
  - Writes a kubeconfig of one cluster, readable by its owner only.
  - No token is in it. Tokens of EKS last 15 minutes, so the file holds the program that signs one whenever a
    client needs it, with boto3 and the credentials that are in use then. The command line client of AWS is
    not needed.
  - A file that something else wrote is left alone, and is an error.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.aws
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
      - V(present) writes the file, V(absent) deletes it and asks AWS nothing.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - Path of the kubeconfig.
    type: path
    required: true
  cluster:
    description:
      - Name of the cluster. Required for O(state=present).
    type: str
  python:
    description:
      - Interpreter that signs the tokens and has boto3. Without it, the one that runs this module.
    type: path
  timeout:
    description:
      - Seconds to wait for a cluster that is being made.
    type: int
    default: 0
requirements:
  - PyYAML >= 6.0
seealso:
  - module: bot_freqtrade.platform.terraform
"""

EXAMPLES = r"""
---
- name: Get access to the cluster
  bot_freqtrade.platform.eks_kubeconfig:
    cluster: bot-freqtrade
    region: eu-central-1
    path: ~/.kube/bot-freqtrade

- name: Forget it
  bot_freqtrade.platform.eks_kubeconfig:
    path: ~/.kube/bot-freqtrade
    state: absent
"""

RETURN = r"""
path:
  description: Path of the kubeconfig.
  returned: success
  type: str
  sample: /home/ana/.kube/bot-freqtrade
cluster:
  description: The cluster. V(null) with O(state=absent).
  returned: success
  type: dict
  contains:
    name:
      description: Its name, which is the context's too.
      type: str
      sample: bot-freqtrade
    arn:
      description: Its ARN.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:cluster/bot-freqtrade
    endpoint:
      description: URL of the Kubernetes API.
      type: str
      sample: https://0123456789abcdef.gr7.eu-central-1.eks.amazonaws.com
    version:
      description: Kubernetes version of the control plane.
      type: str
      sample: "1.34"
code:
  description:
    - What the failure is. V(cluster_missing), V(cluster_not_ready), V(file_not_ours), V(credentials_invalid),
      V(permission_denied), V(region_wrong), V(aws_unreachable), V(library_missing) or V(usage).
  returned: failure
  type: str
  sample: cluster_missing
category:
  description: What may be concluded, one of V(refused), V(undecided) or V(usage).
  returned: failure
  type: str
  sample: usage
"""

import pathlib
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _aws
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def manage(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    path = pathlib.Path(options["path"])
    before = _aws.kubeconfig.read_own(path)
    cluster, after = None, None
    if options["state"] == "present":
        session = _aws.session_of(options)
        cluster = _aws.kubeconfig.find(session, options["cluster"], options["timeout"])
        after = _aws.kubeconfig.text(cluster, session, options["python"])
    changed = before != after or _aws.kubeconfig.is_open(path)
    if changed and not check:
        if after is None:
            path.unlink()
        else:
            _aws.kubeconfig.write(path, after)
    header = str(path)
    return {
        "changed": changed,
        "path": header,
        "cluster": cluster and cluster.summary,
        "diff": {
            "before_header": header,
            "after_header": header,
            "before": before or "",
            "after": after or "",
        },
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "path": {"type": "path", "required": True},
            "cluster": {"type": "str"},
            "python": {"type": "path"},
            "timeout": {"type": "int", "default": 0},
            **_aws.ARGUMENT_SPEC,
        },
        required_if=[("state", "present", ["cluster"])],
        supports_check_mode=True,
    )
    run_module(module, lambda: manage(module.params, module.check_mode))


if __name__ == "__main__":
    main()
