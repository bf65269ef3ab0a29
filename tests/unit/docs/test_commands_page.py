# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The clients' page, in each language, explains every verdict and shows commands that work."""

from __future__ import annotations

import json
import pathlib
import re

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import check_command
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES, Category

CLIENTS = pathlib.Path(__file__).parents[3] / "docs" / "clients"
PAGES = ["commands.md", "commands.pt-BR.md"]
VERDICTS = {
    code
    for code, category in CODES.items()
    if category in (Category.REFUSED, Category.UNHEALTHY, Category.STALE) or code == "undecided"
}


def page(name: str) -> str:
    return (CLIENTS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_the_table_explains_each_reason_a_client_can_meet_and_no_other(name: str) -> None:
    first_cells = re.findall(r"^\| (`[^|]+) \|", page(name), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(first_cells))) == sorted(VERDICTS)


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_shown_keep_the_schema(name: str) -> None:
    text = page(name)
    shown = re.findall(r"```json\n(.*?)```", text, re.DOTALL) + re.findall(r"echo '(\{.*?\})'", text)
    assert len(shown) == 2
    for command in shown:
        check_command(json.loads(command))


@pytest.mark.parametrize("name", PAGES)
def test_the_files_linked_to_exist(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page(name))
    assert links
    for link in links:
        assert (CLIENTS / link).exists(), link
