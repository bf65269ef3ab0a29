# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of the main job comes true, and its report says so."""

from __future__ import annotations

import json

import pytest

from tests.e2e import demo

OUTCOMES = [
    (1, 1, "trade.start", "Approved", ""),
    (2, 1, "trade.start", "RolledBack", "strategy_not_loadable"),
    (2, 2, "trade.start", "RolledBack", "strategy_raises"),
    (2, 3, "trade.start", "RolledBack", "exchange_key_refused"),
    (1, 2, "trade.start", "RolledBack", "strategy_raises"),
    (1, 3, "trade.start", "RolledBack", "superseded"),
    (1, 4, "trade.stop", "Approved", ""),
    (1, 5, "trade.start", "RolledBack", "strategy_not_loadable"),
]
"""Client, sequence, operation, outcome and reason of each command, in the order of the verdicts."""


@pytest.mark.timeout(1800)
def test_the_story_comes_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["demo"])
    assert demo.main() == 0
    commands = json.loads(demo.REPORT.read_text())["commands"]
    told = [
        tuple(command[name] for name in ("client", "sequence", "operation", "outcome", "reason"))
        for command in commands
    ]
    assert told == OUTCOMES
    assert all(seconds >= 0 for command in commands for seconds in command["stages"].values())
