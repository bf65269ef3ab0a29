# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The option that names the client, from which every other name follows."""

from __future__ import annotations


class ModuleDocFragment:
    """The option O(client)."""

    # Must be kept in sync with plugins/module_utils/_client.py
    DOCUMENTATION = r"""
options:
  client:
    description:
      - Number of the client, as the contract gave it when its wallet was registered.
      - Every name follows from it. Client V(1) is the host, namespace and Argo CD application
        V(cliente-001), and the PostgreSQL schema and role V(cliente_001).
    type: int
    required: true
"""
