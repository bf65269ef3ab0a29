# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits and cursors."""

from __future__ import annotations

import pytest

from listener.api.access import Limit
from listener.api.cursors import Cursors
from listener.api.problems import Problem


def test_each_name_has_its_own_requests_per_minute() -> None:
    now = 120.0
    limit = Limit(2, lambda: now)
    assert [limit.take("a"), limit.take("a"), limit.take("b")] == [0, 0, 0]
    now = 150.0
    assert limit.take("a") == 30
    now = 180.0
    assert limit.take("a") == 0


def test_a_cursor_is_read_by_processes_that_share_the_secret_only() -> None:
    cursor = Cursors("secret").make(41)
    assert Cursors("secret").read(cursor) == 41
    with pytest.raises(Problem, match="bad_cursor"):
        Cursors("another").read(cursor)


def test_a_changed_cursor_is_refused() -> None:
    cursors = Cursors("secret")
    with pytest.raises(Problem, match="bad_cursor"):
        cursors.read(cursors.make(1).replace("A", "B", 1))
