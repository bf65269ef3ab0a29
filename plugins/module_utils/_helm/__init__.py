# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Releases of Helm: read, compared with what is wanted, and brought there."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._charts import Source
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._manage import (
    Change,
    Releases,
    Wanted,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._program import Helm
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._values import read_values

__all__ = ("Change", "Helm", "Releases", "Source", "Wanted", "read_values")
