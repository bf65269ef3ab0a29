#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: platform_secret_files
short_description: Keep secret files of this host as a Secret of Kubernetes
version_added: 0.2.0
description:
  - Reads files on the host that the module runs on, and makes a Secret hold them and nothing else.
  - Their content is no option, no return value and in no diff.
  - Makes the namespace with restricted pod security where it has not got it.
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
      - Shows the names of keys, and which of them have another content.
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the Secret.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the Secret.
    type: str
    required: true
  files:
    description:
      - Paths of files by the keys that the Secret has them under.
      - Each file is text of at most 64 KiB that only its owner may read.
    type: dict
    default: {}
  directory:
    description:
      - Folder whose files are kept as well, each under its name. Those whose name begins with a dot are left
        out.
    type: path
  pattern:
    description:
      - Which files of O(directory), by a pattern of the shell.
    type: str
    default: "*"
seealso:
  - module: bot_freqtrade.platform.bot_secret
    description: The secrets of clients.
"""

EXAMPLES = r"""
---
- name: Give the cluster the platform's private keys
  bot_freqtrade.platform.platform_secret_files:
    name: listener-keys
    namespace: platform
    directory: /etc/platform/keys
    pattern: "*.key"

- name: Give it the password of the listener's database
  bot_freqtrade.platform.platform_secret_files:
    name: listener
    namespace: platform
    files:
      listener.pgpass: /etc/platform/pgpass-listener
"""

RETURN = r"""
keys:
  description: Keys of the Secret afterwards.
  returned: success
  type: list
  elements: str
  sample: [listener.pgpass]
different:
  description: Keys that came, went or changed, or would.
  returned: success
  type: list
  elements: str
  sample: []
version:
  description:
    - The mark by which the Kubernetes API tells this content from any other. It says nothing of the content.
    - In check mode, that of the content before. Empty where there is no Secret.
  returned: success
  type: str
  sample: "4711"
code:
  description:
    - What the failure is. One of V(secret_conflict), V(kubernetes_unreachable), V(kubernetes_refused),
      V(library_missing), V(usage) or V(undecided).
  returned: failure
  type: str
  sample: usage
category:
  description: What may be concluded. One of V(undecided) or V(usage).
  returned: failure
  type: str
  sample: usage
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _kubernetes, _secrets
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def keep(options: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    files = _secrets.read_files(options["files"], options["directory"], options["pattern"])
    cluster = _kubernetes.cluster_of(options)
    kept = _secrets.keep_files(cluster, options["namespace"], options["name"], files, check=check)
    return {
        "changed": kept.changed,
        "keys": list(kept.after),
        "different": list(kept.different),
        "version": kept.version,
        "diff": {
            "before": {"keys": list(kept.before), "different": []},
            "after": {"keys": list(kept.after), "different": list(kept.different)},
        },
    }


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            "files": {"type": "dict", "default": {}},
            "directory": {"type": "path"},
            "pattern": {"type": "str", "default": "*"},
            **_kubernetes.ARGUMENT_SPEC,
        },
        required_one_of=[("files", "directory")],
        supports_check_mode=True,
    )
    run_module(module, lambda: keep(module.params, module.check_mode))


if __name__ == "__main__":
    main()
