#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release
short_description: Keep a pinned chart installed by Helm
version_added: 0.2.0
description:
  - Installs a chart, or upgrades its release where chart, version, values or status are not as wanted, and
    waits until the workloads are ready.
  - A chart of a repository is told by its version, and is not fetched when release and values are as wanted.
    A chart on this host is rendered each time, and compared with what the release was made of.
  - An upgrade applies the chart's custom resource definitions first, which Helm itself only ever installs.
  - What an interrupted run left is ended once it is older than O(timeout). Until then somebody may still be
    at work on it, and the module fails with RV(code=release_busy).
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
    details:
      - Shows chart, values, and the objects that differ. The values of Secrets are hidden.
  idempotent:
    support: full
    details:
      - Helm's record of a release is compared, not the objects in the cluster. A chart on this host that
        renders random values changes each time.
options:
  name:
    description:
      - Name of the release.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the release. It is created if need be.
    type: str
    required: true
  state:
    description:
      - V(present) installs or upgrades, V(absent) removes the release but not its custom resource
        definitions.
    type: str
    choices: [present, absent]
    default: present
  chart:
    description:
      - Name of the chart in O(chart_repository), an C(oci://) reference, or a path on this host.
      - Required for O(state=present).
    type: str
  chart_repository:
    description:
      - URL of the repository of the chart.
    type: str
  chart_version:
    description:
      - Version that the chart must have. Required unless O(chart) is a path.
    type: str
  app_version:
    description:
      - Version that the program in the chart must have, as the chart tells it.
    type: str
  values_files:
    description:
      - Files with values, each over the one before.
    type: list
    elements: path
    default: []
  values:
    description:
      - Values over those of O(values_files). Helm keeps them in the cluster and shows them, so they hold no
        secrets.
    type: dict
    default: {}
  wait:
    description:
      - Whether to wait until workloads and jobs of the release are ready.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that the release may take to be ready.
    type: int
    default: 600
  helm:
    description:
      - Name or path of the program.
    type: str
    default: helm
requirements:
  - Helm >= 3.16 and < 4 (program)
  - PyYAML (Python library)
notes:
  - Credentials for a repository are those that Helm finds by itself.
"""

EXAMPLES = r"""
---
- name: Install metrics-server
  bot_freqtrade.platform.helm_release:
    name: metrics-server
    namespace: kube-system
    chart: metrics-server
    chart_repository: https://kubernetes-sigs.github.io/metrics-server
    chart_version: 3.13.1
    app_version: 0.8.1
    values:
      replicas: 2

- name: Remove it
  bot_freqtrade.platform.helm_release:
    name: metrics-server
    namespace: kube-system
    state: absent
"""

RETURN = r"""
action:
  description: What was done, or would be. One of V(none), V(installed), V(upgraded) or V(removed).
  returned: success
  type: str
  sample: upgraded
release:
  description:
    - The release afterwards. In check mode, before. Null where there is none.
  returned: success
  type: dict
  contains:
    chart:
      description: Name of the chart.
      type: str
      sample: metrics-server
    version:
      description: Version of the chart.
      type: str
      sample: 3.13.1
    app_version:
      description: Version of the program in it.
      type: str
      sample: 0.8.1
    revision:
      description: How often the release was changed.
      type: int
      sample: 2
    status:
      description: Its status in Helm's words.
      type: str
      sample: deployed
code:
  description:
    - What the failure is. One of V(release_refused), V(release_not_ready), V(release_busy),
      V(chart_unavailable), V(kubernetes_unreachable), V(kubernetes_refused), V(library_missing), V(usage) or
      V(undecided).
  returned: failure
  type: str
  sample: release_not_ready
category:
  description: What may be concluded. One of V(undecided) or V(usage).
  returned: failure
  type: str
  sample: undecided
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _helm, _kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def change_release(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    helm = _helm.Helm(options["helm"], options["kubeconfig"], options["context"])
    releases = _helm.Releases(helm, _kubernetes.cluster_of(options))
    wanted = _helm.Wanted(
        name=options["name"],
        namespace=options["namespace"],
        source=_helm.Source(
            options["chart"] or "",
            options["chart_repository"],
            options["chart_version"],
            options["app_version"],
        ),
        values=_helm.read_values(options["values_files"], options["values"]),
        wait=options["wait"],
        seconds=options["timeout"],
    )
    change = (releases.remove if options["state"] == "absent" else releases.ensure)(wanted, check=check)
    found = change.found
    return {
        "changed": change.changed,
        "action": change.action,
        "release": found.shown() | {"revision": found.revision} if found else None,
        "diff": {"before": change.before, "after": change.after},
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "chart": {"type": "str"},
            "chart_repository": {"type": "str"},
            "chart_version": {"type": "str"},
            "app_version": {"type": "str"},
            "values_files": {"type": "list", "elements": "path", "default": []},
            "values": {"type": "dict", "default": {}},
            "wait": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 600},
            "helm": {"type": "str", "default": "helm"},
            **_kubernetes.ARGUMENT_SPEC,
        },
        required_if=[("state", "present", ["chart"])],
        supports_check_mode=True,
    )
    run_module(module, lambda: change_release(module.params, module.check_mode))


if __name__ == "__main__":
    main()
