# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The table of the seed names files and tests that are there."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "seed.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in TEXT.splitlines() if line.startswith("| ") and "**" not in line]
PATHS = sorted({path for row in ROWS[2:] for path in re.findall(r"`([\w.-]+/[\w./-]+)`", "|".join(row[1:]))})


@pytest.mark.parametrize("path", PATHS)
def test_what_the_table_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_element_that_is_there_has_a_test() -> None:
    without = [row[0].strip() for row in ROWS[2:] if "test" not in row[2]]
    assert without == ["`POD_FREQTRADE_BACK_TEST`"]
