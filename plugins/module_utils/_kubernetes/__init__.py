# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The Kubernetes API and what the platform reads from it, free of Ansible."""

from __future__ import annotations
