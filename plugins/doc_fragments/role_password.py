# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The options that say where the passwords of the platform's own database roles are."""

from __future__ import annotations


class ModuleDocFragment:
    """The password of the role that is made, and that of the role that logs in."""

    # Must be kept in sync with plugins/module_utils/_passwords.py
    DOCUMENTATION = r"""
options:
  role_passfile:
    description:
      - Password file of libpq that shall hold the role's password. It may belong to its owner only.
      - Without O(role_secret), a password that it holds is kept, and a random one is written to it otherwise.
      - At least one of O(role_passfile) and O(role_secret) is required.
    type: path
  role_secret:
    description:
      - ARN or name of a secret of AWS Secrets Manager with the role's password, the value of C(password) in a
        JSON document.
    type: str
  login_secret:
    description:
      - ARN or name of a secret of AWS Secrets Manager with the password of O(login_user), as RDS makes it for
        its master user. It stands in for O(login_passfile).
    type: str
  aws_region:
    description:
      - Region of AWS Secrets Manager. Without it an ARN's own region is used, then boto3 looks in its own
        places, such as E(AWS_REGION).
      - Credentials are always those that boto3 finds by itself.
    type: str
  aws_endpoint_url:
    description:
      - Address of AWS Secrets Manager, where it is not the region's own.
    type: str
requirements:
  - boto3 >= 1.34 (Python library), for O(role_secret) and O(login_secret)
"""
