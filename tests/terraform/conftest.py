# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The stand-in of AWS that the tests share."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support import aws


@pytest.fixture(scope="session")
def stand_in() -> t.Iterator[aws.Aws]:
    with aws.stand_in() as running:
        yield running
