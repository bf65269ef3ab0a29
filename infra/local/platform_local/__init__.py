# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The whole platform on one Linux host: real parts, supervised, removable without a trace."""
