# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A configuration of built-in resources, made, failed, locked, interrupted and deleted by Terraform."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category, PlatformError
from ansible_collections.bot_freqtrade.platform.tests.support import terraform


def eventually(condition: t.Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_check_says_what_would_be_made_and_makes_nothing(infrastructure: t.Any) -> None:
    foreseen = infrastructure.ensure(check=True)
    assert foreseen["changed"]
    assert foreseen["outputs"] == {}
    assert foreseen["summary"] == {"import": 0, "create": 2, "change": 0, "replace": 0, "delete": 0}
    assert foreseen["changes"][0] == {
        "address": "terraform_data.first",
        "action": "create",
        "cause": "configuration",
    }
    assert not infrastructure.state_file.exists()


def test_what_was_foreseen_is_made_once(infrastructure: t.Any) -> None:
    foreseen = infrastructure.ensure(check=True)
    made = infrastructure.ensure()
    assert made["changes"] == foreseen["changes"]
    assert made["outputs"] == {"name": "test"}
    again = infrastructure.ensure()
    assert not again["changed"]
    assert again["outputs"] == {"name": "test"}
    assert again["changes"] == again["drift"] == []


def test_a_change_shows_the_attributes_that_change_and_no_others(infrastructure: t.Any) -> None:
    infrastructure.ensure()
    foreseen = infrastructure.ensure(check=True, variables={"name": "other"})
    assert foreseen["summary"]["change"] == 1
    assert foreseen["diff"]["before"] == {"terraform_data.first": {"input": "test", "output": "test"}}
    assert foreseen["diff"]["after"] == {
        "terraform_data.first": {"input": "other", "output": "(known after apply)"}
    }


def test_a_sensitive_value_is_in_nothing_that_is_returned_or_left(infrastructure: t.Any) -> None:
    made = infrastructure.ensure()
    changed = infrastructure.ensure(variables={"name": "test", "password": "canary-of-terraform-2"})
    assert made["diff"]["after"]["terraform_data.secret"]["input"] == "(sensitive)"
    assert changed["diff"]["after"]["terraform_data.secret"]["input"] == "(sensitive)"
    assert "canary" not in json.dumps([made, changed, infrastructure.progress])
    left = [path for path in infrastructure.cache.rglob("*") if path.is_file()]
    assert left
    assert not any(b"canary" in path.read_bytes() for path in left)


def test_the_plan_is_in_a_private_place_while_it_exists(infrastructure: t.Any) -> None:
    modes = infrastructure.folder / "modes"
    look = f"stat -c '%a %n' '{infrastructure.cache}'/*/run '{infrastructure.cache}'/*/run/* > '{modes}'"
    infrastructure.ensure(variables={"name": "test", "steps": {"look": look}})
    seen = dict(reversed(line.split()) for line in modes.read_text().splitlines())
    by_name = {Path(name).name: mode for name, mode in seen.items()}
    assert by_name["run"] == "700"
    assert by_name["plan"] == by_name["variables.tfvars.json"] == by_name["events"] == "600"
    assert not list(infrastructure.cache.glob("*/run"))


def test_progress_names_each_resource_as_it_is_done(infrastructure: t.Any) -> None:
    infrastructure.ensure()
    assert infrastructure.progress[:2] == ["terraform: initialising", "terraform: planning"]
    assert sum(line.startswith(("[1/2] ", "[2/2] ")) for line in infrastructure.progress) == 2


def test_nothing_is_written_into_the_configuration(infrastructure: t.Any) -> None:
    infrastructure.ensure()
    assert [path.name for path in infrastructure.directory.iterdir()] == ["main.tf"]


def test_a_failed_apply_says_which_resource_and_the_next_run_goes_on(infrastructure: t.Any) -> None:
    flag = infrastructure.folder / "flag"
    variables = {"name": "test", "steps": {"good": "true", "bad": f"test -e '{flag}'"}}
    with pytest.raises(PlatformError, match=r'terraform_data\.step\["bad"\]') as caught:
        infrastructure.ensure(variables=variables)
    assert caught.value.code == "terraform_failed"
    assert caught.value.details["failed"] == ['terraform_data.step["bad"]']
    assert 'terraform_data.step["good"]' in caught.value.details["done"]
    assert caught.value.details["resources"][0]["address"] == 'terraform_data.step["bad"]'
    flag.touch()
    made = infrastructure.ensure(variables=variables)
    assert [each["address"] for each in made["changes"]] == ['terraform_data.step["bad"]']
    assert not infrastructure.ensure(variables=variables)["changed"]


def test_a_value_that_the_configuration_refuses_touches_nothing(infrastructure: t.Any) -> None:
    with pytest.raises(PlatformError, match="up to 10 characters") as caught:
        infrastructure.ensure(variables={"name": "much-too-long"})
    assert caught.value.code == "variables_invalid"
    assert caught.value.category is Category.USAGE
    assert not infrastructure.state_file.exists()


@pytest.mark.parametrize("variables", [{}, {"name": "test", "stpes": {}}])
def test_a_missing_or_misspelt_variable_is_an_error(
    infrastructure: t.Any, variables: dict[str, t.Any]
) -> None:
    with pytest.raises(PlatformError) as caught:
        infrastructure.ensure(variables=variables)
    assert caught.value.code == "variables_invalid"
    assert not infrastructure.state_file.exists()


def test_variables_come_from_files_too_and_the_given_ones_win(infrastructure: t.Any) -> None:
    file = infrastructure.folder / "some.tfvars"
    file.write_text('name = "filed"\nsteps = { noop = "true" }\n')
    made = infrastructure.ensure(variable_files=[str(file)], variables={"name": "given"})
    assert made["outputs"] == {"name": "given"}
    assert made["summary"]["create"] == 3


def test_a_broken_configuration_is_told_apart(infrastructure: t.Any) -> None:
    (infrastructure.directory / "broken.tf").write_text('resource "terraform_data" {')
    with pytest.raises(PlatformError, match=r"broken\.tf:1: ") as caught:
        infrastructure.ensure()
    assert caught.value.code == "configuration_invalid"


def test_a_provider_that_cannot_be_had_is_told_apart(
    infrastructure: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rc = infrastructure.folder / "terraformrc"
    (infrastructure.folder / "mirror").mkdir()
    rc.write_text(
        f'provider_installation {{ filesystem_mirror {{ path = "{infrastructure.folder}/mirror" }} }}'
    )
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(rc))
    (infrastructure.directory / "other.tf").write_text('resource "random_id" "some" { byte_length = 1 }')
    with pytest.raises(PlatformError) as caught:
        infrastructure.ensure()
    assert caught.value.code == "library_missing"


@pytest.mark.parametrize(
    ("options", "code"),
    [({"terraform": "/nowhere/terraform"}, "library_missing"), ({"directory": "/nowhere"}, "usage")],
)
def test_a_missing_program_or_directory_is_told(
    infrastructure: t.Any, options: dict[str, t.Any], code: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        infrastructure.ensure(**options)
    assert caught.value.code == code


def test_variables_of_the_shell_do_not_change_what_a_run_does(
    infrastructure: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-destroy")
    monkeypatch.setenv("TF_WORKSPACE", "elsewhere")
    infrastructure.ensure()
    assert infrastructure.resources == {"first", "secret"}


def test_a_state_that_another_host_is_changing_is_locked(infrastructure: t.Any) -> None:
    begun = infrastructure.folder / "begun"
    variables = {"name": "test", "steps": {"wait": f"touch '{begun}'; sleep 1"}}
    process = terraform.start(infrastructure.options(variables=variables))
    eventually(begun.exists)
    with pytest.raises(PlatformError, match="The state is locked") as caught:
        infrastructure.ensure(cache_directory=str(infrastructure.folder / "other-host"))
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert caught.value.code == "state_locked"
    assert caught.value.message.endswith(f"by its id {caught.value.details['lock']['id']}")
    assert caught.value.details["lock"]["who"]
    assert not infrastructure.ensure(variables=variables)["changed"]


def test_two_runs_of_one_host_do_not_share_a_place(infrastructure: t.Any) -> None:
    slow = infrastructure.options(variables={"name": "test", "steps": {"wait": "sleep 1"}})
    process = terraform.start(slow)
    eventually(lambda: any(infrastructure.cache.glob("*/run/plan")))
    with pytest.raises(PlatformError, match="Another run of this host") as caught:
        infrastructure.ensure()
    assert caught.value.code == "state_locked"
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_run_that_is_asked_to_end_stops_soon_and_leaves_a_usable_state(infrastructure: t.Any) -> None:
    begun = infrastructure.folder / "begun"
    steps = {"wait": f"touch '{begun}'; exec sleep 60"}
    process = terraform.start(infrastructure.options(variables={"name": "test", "steps": steps}))
    eventually(begun.exists)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    errors = process.communicate(timeout=20)[1]
    assert errors.strip().endswith("interrupted")
    assert "first" in infrastructure.resources
    assert not infrastructure.state_file.with_name(".terraform.tfstate.lock.info").exists()
    infrastructure.ensure(variables={"name": "test", "steps": {"wait": "true"}}, lock_timeout=10)
    assert infrastructure.resources == {"first", "secret", "step"}


LISTENER = """#!{python}
import os, pathlib, signal, sys, time
if sys.argv[1] != "apply":
    os.execvp("terraform", ["terraform", *sys.argv[1:]])
folder = pathlib.Path({folder!r})
signal.signal(signal.SIGINT, lambda number, frame: (folder / "heard").touch())
(folder / "begun").touch()
while not (folder / "heard").exists():
    time.sleep(0.01)
"""


def test_terraform_hears_of_an_interruption_from_the_module_alone(infrastructure: t.Any) -> None:
    # what it hears of twice makes it drop everything
    program = infrastructure.folder / "terraform"
    program.write_text(LISTENER.format(python=sys.executable, folder=str(infrastructure.folder)))
    program.chmod(0o700)
    process = terraform.start(infrastructure.options(terraform=str(program)))
    eventually((infrastructure.folder / "begun").exists)
    process.send_signal(signal.SIGSTOP)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.3)
    too_early = (infrastructure.folder / "heard").exists()
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=20)
    assert not too_early
    assert (infrastructure.folder / "heard").exists()


def test_terraform_finishes_what_it_does_when_its_module_is_killed(infrastructure: t.Any) -> None:
    begun = infrastructure.folder / "begun"
    variables = {"name": "test", "steps": {"wait": f"touch '{begun}'; sleep 1; echo still there"}}
    process = terraform.start(infrastructure.options(variables=variables))
    eventually(begun.exists)
    process.kill()
    process.communicate()
    with pytest.raises(PlatformError, match="Another run of this host"):
        infrastructure.ensure(variables=variables)

    def kept() -> bool:
        with contextlib.suppress(json.JSONDecodeError):  # Terraform writes the file in place
            return "step" in infrastructure.resources
        return False

    eventually(kept)
    assert list(infrastructure.cache.glob("*/run/plan"))
    assert not infrastructure.ensure(variables=variables, lock_timeout=10)["changed"]
    assert not list(infrastructure.cache.glob("*/run"))


def test_a_state_that_could_not_be_saved_is_saved_by_the_next_run(infrastructure: t.Any) -> None:
    infrastructure.ensure()
    saved = infrastructure.state_file.read_text()
    unsaved = {**json.loads(saved), "serial": json.loads(saved)["serial"] + 1, "resources": []}
    place = next(infrastructure.cache.iterdir()) / "errored.tfstate"
    place.write_text(json.dumps(unsaved))
    foreseen = infrastructure.ensure(check=True)
    assert foreseen["summary"]["create"] == 2
    assert not place.exists()


def test_a_state_that_the_backend_does_not_take_back_is_kept(infrastructure: t.Any) -> None:
    infrastructure.ensure()
    unsaved = {**json.loads(infrastructure.state_file.read_text()), "lineage": "another"}
    place = next(infrastructure.cache.iterdir()) / "errored.tfstate"
    place.write_text(json.dumps(unsaved))
    with pytest.raises(PlatformError) as caught:
        infrastructure.ensure()
    assert caught.value.code == "state_not_saved"
    assert caught.value.details["file"] == str(place)
    assert place.exists()


def test_a_state_that_terraform_leaves_in_its_directory_outlives_the_run(infrastructure: t.Any) -> None:
    infrastructure.ensure(variables={"name": "test", "steps": {"leave": "echo lost > errored.tfstate"}})
    place = next(infrastructure.cache.glob("*/errored.tfstate"))
    assert place.read_text() == "lost\n"
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("confirm", [None, "", "tset", "test-2"])
def test_nothing_is_deleted_without_the_name(infrastructure: t.Any, confirm: str | None) -> None:
    infrastructure.ensure()
    with pytest.raises(PlatformError, match="2 resources of test") as caught:
        infrastructure.remove(confirm)
    assert caught.value.code == "confirmation_missing"
    assert infrastructure.resources == {"first", "secret"}


def test_the_name_that_the_state_has_counts_besides_the_one_of_the_variables(infrastructure: t.Any) -> None:
    infrastructure.ensure()
    with pytest.raises(PlatformError, match="other or test") as caught:
        infrastructure.remove("other", variables={"name": "other"})
    assert caught.value.code == "confirmation_missing"
    assert infrastructure.resources == {"first", "secret"}


def test_a_check_of_the_destruction_needs_no_name_and_deletes_nothing(infrastructure: t.Any) -> None:
    infrastructure.ensure()
    foreseen = infrastructure.remove(None, check=True)
    assert foreseen["summary"]["delete"] == 2
    with pytest.raises(PlatformError):
        infrastructure.remove("tset", check=True)
    assert infrastructure.resources == {"first", "secret"}


def test_all_is_deleted_once(infrastructure: t.Any) -> None:
    infrastructure.ensure()
    assert infrastructure.remove()["changed"]
    assert infrastructure.resources == set()
    again = infrastructure.remove()
    assert not again["changed"]
    assert again["outputs"] == {}


def test_half_a_destruction_is_finished_by_the_next(infrastructure: t.Any) -> None:
    (infrastructure.directory / "stubborn.tf").write_text(
        f"""
        resource "terraform_data" "stubborn" {{
          input = terraform_data.first.id
          provisioner "local-exec" {{
            when    = destroy
            command = "test -e '{infrastructure.folder}/flag'"
          }}
        }}
        """
    )
    infrastructure.ensure()
    with pytest.raises(PlatformError, match=r"terraform_data\.stubborn") as caught:
        infrastructure.remove()
    assert caught.value.details["phase"] == "destroy"
    assert infrastructure.resources == {"first", "stubborn"}
    (infrastructure.folder / "flag").touch()
    assert infrastructure.remove()["summary"]["delete"] == 2
    assert infrastructure.resources == set()


def test_a_local_backend_without_a_path_keeps_nothing(infrastructure: t.Any) -> None:
    for run in ("first", "second"):
        made = infrastructure.ensure(backend="local", backend_config={})
        assert made["summary"]["create"] == 2, run
    assert not infrastructure.state_file.exists()
