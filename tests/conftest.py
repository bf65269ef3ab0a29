# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The real parts that tests share."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A loaded machine is slow at making examples, and that is no failure.
settings.register_profile("loaded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("loaded")

pytest_plugins = [
    "ansible_collections.bot_freqtrade.platform.tests.support.kube_api",
    "ansible_collections.bot_freqtrade.platform.tests.support.postgres",
]
