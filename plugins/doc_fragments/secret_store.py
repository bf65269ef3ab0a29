# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The options by which modules choose and reach a store of secrets."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the clients' secrets are kept."""

    # Must be kept in sync with plugins/module_utils/_secrets/_options.py
    DOCUMENTATION = r"""
options:
  secret_backend:
    description:
      - Where secrets are kept.
      - V(kubernetes) keeps Secrets in the client's namespace, V(aws) keeps secrets in AWS Secrets Manager.
    type: str
    choices: [kubernetes, aws]
    default: kubernetes
  aws_region:
    description:
      - Region of AWS Secrets Manager. Without it boto3 looks in its own places, such as E(AWS_REGION).
      - Credentials are always those that boto3 finds by itself.
    type: str
  aws_endpoint_url:
    description:
      - Address of the service, where it is not the region's own.
    type: str
  aws_prefix:
    description:
      - What the names of secrets in AWS Secrets Manager begin with.
    type: str
    default: bot_freqtrade/
requirements:
  - boto3 >= 1.34 (Python library), for O(secret_backend=aws)
"""
