# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The real parts that tests share."""

from __future__ import annotations

pytest_plugins = [
    "ansible_collections.bot_freqtrade.platform.tests.support.kube_api",
    "ansible_collections.bot_freqtrade.platform.tests.support.postgres",
]
