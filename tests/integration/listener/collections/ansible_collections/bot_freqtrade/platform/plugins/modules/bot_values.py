#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in that says it did what it was asked, or fails with the code it is given."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule


def main() -> t.NoReturn:
    """Answer."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str"},
            "expect": {"type": "str"},
            "decision": {"type": "str"},
            "reason": {"type": "str", "default": ""},
            "evidence": {"type": "dict"},
            "fail": {"type": "str"},
        }
    )
    if module.params["fail"]:
        module.fail_json(msg="It was seen", code=module.params["fail"], category="unhealthy", details={})
    module.exit_json(changed=False, recorded=None)


if __name__ == "__main__":
    main()
