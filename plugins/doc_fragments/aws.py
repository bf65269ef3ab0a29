# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The options by which modules reach AWS."""

from __future__ import annotations


class ModuleDocFragment:
    """Where and as whom."""

    # Must be kept in sync with plugins/module_utils/_aws/session.py
    DOCUMENTATION = r"""
options:
  region:
    description:
      - Region of AWS. Without it boto3 looks in its own places, such as E(AWS_REGION).
    type: str
  profile:
    description:
      - Profile of AWS's configuration files. Without it, credentials are those that boto3 finds by itself.
    type: str
  endpoint_url:
    description:
      - Address of the services, where it is not the region's own.
    type: str
requirements:
  - boto3 >= 1.34 (Python library)
"""
