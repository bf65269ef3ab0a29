# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""AWS: whose credentials these are, and the kubeconfig of an EKS cluster."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._aws import (
    account,
    kubeconfig,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._aws.session import (
    ARGUMENT_SPEC,
    Session,
    session_of,
)

__all__ = ("ARGUMENT_SPEC", "Session", "account", "kubeconfig", "session_of")
