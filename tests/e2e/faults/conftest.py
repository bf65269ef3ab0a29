# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults hit a platform that soon calls a bot healthy: for how long it looks is no matter of theirs.

Nor is it how the client's tool is started.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.live import Live
from tests.e2e.machine import DISPATCH, Machine, changed_variables

STABLE_SECONDS = 4


@pytest.fixture(scope="session", autouse=True)
def impatient(live: Live) -> Iterator[None]:
    """Let runs judge a bot after seconds of readiness, and send at once."""
    live.keep_tool()
    with (
        changed_variables(live, platform_health_stable_seconds=STABLE_SECONDS) as variables,
        Machine(live).settings(DISPATCH, vars_file=variables),
    ):
        yield
