# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The options by which modules reach the Kubernetes API."""

from __future__ import annotations


class ModuleDocFragment:
    """Which cluster, as whom, and how long a request may take."""

    # Must be kept in sync with plugins/module_utils/_kubernetes/options.py
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file.
      - Without it the variable E(KUBECONFIG) names the file, and without that the service account of the
        pod that this runs in is used.
    type: path
  context:
    description:
      - Context in the kubeconfig file.
      - Without it, the current context of the file.
    type: str
  request_timeout:
    description:
      - Seconds that one request to the Kubernetes API may take.
    type: int
    default: 10
requirements:
  - kubernetes >= 29 (Python library)
"""
