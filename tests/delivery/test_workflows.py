# SPDX-License-Identifier: GPL-3.0-or-later
"""What the workflows must be: pinned, with the least rights, and made of scripts that are tested."""

from __future__ import annotations

import itertools
import pathlib
import re
import typing as t

import pytest
import yaml

from tests.delivery.conftest import ROOT

WORKFLOWS: t.Final = sorted(
    [*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "infra/.github/workflows").glob("*.yml")]
)
NAMES: t.Final = [str(path.relative_to(ROOT)) for path in WORKFLOWS]
TESTED: t.Final = "".join(path.read_text() for path in (ROOT / "tests" / "delivery").glob("test_*.py"))


def load(path: pathlib.Path) -> dict[t.Any, t.Any]:
    return t.cast(dict[t.Any, t.Any], yaml.safe_load(path.read_text()))


def steps(path: pathlib.Path) -> list[dict[str, t.Any]]:
    jobs = load(path)["jobs"].values()
    return list(itertools.chain.from_iterable(job.get("steps", []) for job in jobs))


def test_the_workflows_of_the_seed_and_of_this_repository_are_there() -> None:
    assert NAMES == [
        ".github/workflows/release.yml",
        ".github/workflows/tests.yml",
        "infra/.github/workflows/deploy-bot.yml",
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=NAMES)
def test_every_action_is_pinned_to_a_commit_and_tells_its_version(path: pathlib.Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    assert used
    for action, comment in used:
        if action.startswith("./"):
            continue
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_an_action_has_one_commit_in_all_workflows() -> None:
    used = {match for path in WORKFLOWS for match in re.findall(r"uses: ([\w./-]+)@(\S+)", path.read_text())}
    assert len({name for name, _ in used}) == len(used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=NAMES)
def test_every_job_has_a_time_limit_and_no_right_it_does_not_name(path: pathlib.Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert "uses" in job or job["timeout-minutes"] <= 90


@pytest.mark.parametrize("path", WORKFLOWS, ids=NAMES)
def test_no_checkout_leaves_a_token_behind(path: pathlib.Path) -> None:
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("path", WORKFLOWS, ids=NAMES)
def test_what_a_step_does_is_a_tested_script_or_one_command(path: pathlib.Path) -> None:
    root = path.parents[2]
    for run in (step["run"] for step in steps(path) if "run" in step):
        assert "\n" not in run
        assert "${{" not in run, "values come through the environment"
        for script in re.findall(r"\.github/scripts/(\S+)", run):
            assert (root / ".github" / "scripts" / script).stat().st_mode & 0o111
            assert f'"{script}"' in TESTED or f"/{script}" in TESTED, f"{script} is not tested"


def test_no_key_of_aws_lives_anywhere() -> None:
    assert all("secrets." not in path.read_text() for path in WORKFLOWS if path.name == "deploy-bot.yml")
    assert all(not re.search(r"access[-_]key", path.read_text(), re.IGNORECASE) for path in WORKFLOWS)


def test_the_push_gets_its_role_by_the_token_of_the_job() -> None:
    job = load(ROOT / "infra/.github/workflows/deploy-bot.yml")["jobs"]["image"]
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    does = [step.get("uses", step.get("run", "")) for step in job["steps"]]
    (role,) = (place for place, what in enumerate(does) if "/configure-aws-credentials@" in what)
    (push,) = (place for place, what in enumerate(does) if "/push.sh " in what)
    assert role < push
    assert job["steps"][role]["with"]["role-to-assume"] == "${{ vars.AWS_ROLE_ARN }}"
    assert "if" not in job["steps"][role]


def test_the_image_is_pushed_only_after_it_was_scanned_and_proposed_only_after_it_was_signed() -> None:
    jobs = load(ROOT / "infra/.github/workflows/deploy-bot.yml")["jobs"]
    order = re.findall(r"scripts/(\w+)\.sh", " ".join(step.get("run", "") for step in jobs["image"]["steps"]))
    assert order == ["build", "sbom", "scan", "push", "sign"]
    assert jobs["propose"]["needs"] == "image"


def test_only_the_job_that_the_environment_protects_can_publish() -> None:
    jobs = load(ROOT / ".github/workflows/release.yml")["jobs"]
    with_secret = {name for name, job in jobs.items() if "secrets." in str(job)}
    assert with_secret == {"publish"}
    assert jobs["publish"]["environment"] == "galaxy"
    assert (jobs["build"]["needs"], jobs["publish"]["needs"]) == ("tests", "build")


@pytest.mark.parametrize(("tool", "module"), [("syft-version", "syft"), ("cosign-release", "cosign/v3")])
def test_the_tools_of_the_workflow_are_those_of_the_tests(tool: str, module: str) -> None:
    workflow = (ROOT / "infra/.github/workflows/deploy-bot.yml").read_text()
    modules = (ROOT / "tests/delivery/tools/go.mod").read_text()
    (wanted,) = re.findall(rf"{tool}: (\S+)", workflow)
    (tested,) = re.findall(rf"/{module} (v\S+)", modules)
    assert wanted == tested
