#!/usr/bin/python
# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_account_info
short_description: Tell whose AWS credentials these are
version_added: 0.2.0
description:
  - Asks AWS for the account and the principal of the credentials that are in use, so that a run with none,
    with expired ones or in an impossible region ends before anything is made.
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.attributes
  - bot_freqtrade.platform.attributes.info_module
  - bot_freqtrade.platform.attributes.actiongroup_all
  - bot_freqtrade.platform.aws
options:
  regional_bucket:
    description:
      - Beginning of the name of a bucket to look for. The name ends with the region.
      - A bucket of that name in another region is an error, because there can be one only.
    type: str
seealso:
  - module: bot_freqtrade.platform.terraform
"""

EXAMPLES = r"""
---
- name: See where this run is going to build
  bot_freqtrade.platform.aws_account_info:
    region: eu-central-1
  register: account

- name: Check that it is the account that we mean
  ansible.builtin.assert:
    that: account.account_id == '123456789012'
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "123456789012"
arn:
  description: ARN of whoever the credentials belong to.
  returned: success
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/operators/ana
principal_arn:
  description:
    - ARN of the role where RV(arn) is one of an assumed role, otherwise RV(arn). The path of the role is not
      in it, because AWS does not tell.
  returned: success
  type: str
  sample: arn:aws:iam::123456789012:role/operators
region:
  description: The region that is used.
  returned: success
  type: str
  sample: eu-central-1
bucket:
  description: Name of the bucket, and whether it exists in this account. V(null) without O(regional_bucket).
  returned: success
  type: dict
  sample: {name: bot-freqtrade-state-123456789012-eu-central-1, exists: true}
code:
  description:
    - What the failure is. V(credentials_invalid), V(permission_denied), V(region_wrong), V(aws_unreachable)
      or V(library_missing).
  returned: failure
  type: str
  sample: credentials_invalid
category:
  description: What may be concluded, one of V(refused), V(undecided) or V(usage).
  returned: failure
  type: str
  sample: usage
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _aws
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._module import run_module


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={"regional_bucket": {"type": "str"}, **_aws.ARGUMENT_SPEC},
        supports_check_mode=True,
    )
    options = module.params
    run_module(module, lambda: _aws.account.look(_aws.session_of(options), options["regional_bucket"]))


if __name__ == "__main__":
    main()
