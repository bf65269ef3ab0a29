# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The one error of the local platform."""

from __future__ import annotations


class LocalPlatformError(Exception):
    """An expected failure; its text tells the operator what to do or which log to read."""
