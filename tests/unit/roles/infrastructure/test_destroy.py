# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What a destroy tells Terraform and reads of its plan, beside the configuration that it is about."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROOT = Path(__file__).parents[4]
ROLE = ROOT / "roles" / "infrastructure"
CONFIGURATION = "".join(file.read_text() for file in (ROOT / "infra" / "terraform").glob("*.tf"))


def load(path: Path) -> t.Any:
    """Read YAML whose templates count."""
    return DataLoader().load_from_file(str(path), trusted_as_template=True)


def templated(template: t.Any, **told: t.Any) -> t.Any:
    """Return what the playbook makes of a template of the role."""
    variables = {
        **load(ROLE / "defaults" / "main.yml"),
        **load(ROOT / "playbooks" / "destroy.yml")[0]["vars"],
        **load(ROLE / "vars" / "main.yml"),
        **told,
    }
    return Templar(DataLoader(), variables).template(variables.get(template, template))


def deletions() -> list[dict[str, t.Any]]:
    """Return the tasks that foresee the deletion and do it."""
    (block,) = [task["block"] for task in load(ROLE / "tasks" / "destroy.yml") if "block" in task]
    tasks = [task.get("bot_freqtrade.platform.terraform") for task in block]
    return [task for task in tasks if task is not None]


def test_unprotect_gives_the_variables_that_terraform_protects_by() -> None:
    declared = dict(re.findall(r'^variable "(\w+)" \{(.*?)^\}', CONFIGURATION, re.MULTILINE | re.DOTALL))
    assert len(deletions()) == 2
    for task in deletions():
        assert templated(task["unprotect"], omit="nothing") == "nothing"
        given = templated(task["unprotect"], unprotect="yes")
        assert set(given) == {"database_deletion_protection", "image_repository_force_delete"}
        for name, value in given.items():
            assert re.search(rf"default\s+= {json.dumps(not value)}\n", declared[name])


def test_access_and_nodes_are_told_apart_among_all_that_goes() -> None:
    resources = [
        ".".join(each) for each in re.findall(r'^resource "(\w+)" "(\w+)"', CONFIGURATION, re.MULTILINE)
    ]
    planned = {"changes": [{"address": each} for each in resources]}
    assert templated("infrastructure_access", infrastructure_planned=planned) == ["terraform_data.access"]
    assert templated("infrastructure_nodes", infrastructure_planned=planned) == ["aws_eks_node_group.this"]


def test_what_is_told_of_the_last_snapshot_is_what_terraform_tells() -> None:
    outputs = {name: f"its {name}" for name in re.findall(r'^output "(\w+)"', CONFIGURATION, re.MULTILINE)}
    planned = {"outputs": outputs}
    assert (
        templated("infrastructure_snapshot", infrastructure_planned=planned) == "its database_last_snapshot"
    )
    assert templated("infrastructure_snapshot_key", infrastructure_planned=planned) == "its database_key_arn"
    assert templated("infrastructure_snapshot", infrastructure_planned={"outputs": {}}) == ""
