# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What every module of the collection says about check mode, diff mode and repeated runs."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes; a module adds C(support) and, where it is not full, C(details)."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff
        mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates
        no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module changes nothing.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
    details:
      - This module changes nothing.
"""

    ACTIONGROUP_ALL = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/bot_freqtrade.platform.all) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - bot_freqtrade.platform.all
"""
