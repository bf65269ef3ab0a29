# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Infrastructure as Terraform makes it: plan, apply, drift and destruction, with typed errors."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.manage import (
    deployment_of,
    ensure,
    remove,
)

__all__ = ("deployment_of", "ensure", "remove")
