# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What playbooks, roles and the workflow take of Terraform is among its outputs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
OUTPUTS = set(re.findall(r'^output "(\w+)"', (ROOT / "infra/terraform/outputs.tf").read_text(), re.MULTILINE))
USE = re.compile(r"\binfrastructure_(?:outputs|result\.outputs)(?:\.|\[['\"]|\.get\(['\"])(\w+)")
USERS = [
    file
    for folder in ("playbooks", "roles")
    for file in sorted((ROOT / folder).rglob("*.yml"))
    if USE.search(file.read_text())
]


@pytest.mark.parametrize("user", USERS, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_taken_of_terraform_is_an_output(user: Path) -> None:
    assert set(USE.findall(user.read_text())) - OUTPUTS == set()


def test_the_playbook_provision_takes_them() -> None:
    assert ROOT / "playbooks/provision.yml" in USERS
    assert ROOT / "playbooks/tasks/provision_infrastructure.yml" in USERS


def test_the_workflow_names_outputs_for_its_variables() -> None:
    head = (ROOT / "infra/.github/workflows/deploy-bot.yml").read_text()
    (told,) = re.findall(r"outputs ([\w, ]+) of Terraform", head)
    assert set(re.findall(r"\w+", told)) - {"and"} <= OUTPUTS
