# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.doc_fragments.gitops import ModuleDocFragment
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _gitops
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.modules import bot_values
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import Origin
from ansible_collections.bot_freqtrade.platform.tests.support.writers import SPECIFICATION

COMMAND = "0x" + "ab" * 32


class Module:
    """The module on one repository, without the process around it."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.origin = Origin.create(directory)
        self._cache = str(directory / "cache")

    def run(self, state: str, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        defaults = {name: spec.get("default") for name, spec in _gitops.ARGUMENT_SPEC.items()}
        unset = ("command_id", "sequence", "attempt", "specification", "secrets", "decision")
        given = {
            **defaults,
            **dict.fromkeys(unset),
            "client": 1,
            "state": state,
            "reason": "",
            "evidence": {},
            "repository": self.origin.url,
            "git_cache": self._cache,
            **options,
        }
        return bot_values.commit(given, check_mode)

    def start(self, **options: t.Any) -> dict[str, t.Any]:
        return self.run("started", **{"specification": SPECIFICATION} | options)


@pytest.fixture
def module(tmp_path: pathlib.Path) -> Module:
    return Module(tmp_path)


def test_a_command_runs_from_its_start_to_its_approval(module: Module) -> None:
    command = {"command_id": COMMAND, "sequence": 7, "attempt": 1}
    started = module.start(**command, secrets={"exchange": "cliente-001-exchange-7"})
    approved = module.run("decided", **command, decision="approved", evidence={"commit": started["commit"]})
    assert (started["changed"], started["replicas"], started["recorded"]) == (True, 1, None)
    assert approved["fence"] == {"sequence": 7, "attempt": 1, "decided": "approved", "reason": ""}
    assert approved["approved"] == {
        "replicas": 1,
        "sequence": 7,
        "exchange_secret": "cliente-001-exchange-7",
    }
    assert module.origin.log("%H")[:2] == [approved["commit"], started["commit"]]


def test_the_commit_names_its_run_in_trailers(module: Module) -> None:
    module.start(command_id=COMMAND, sequence=7, attempt=2)
    assert module.origin.log("%B")[0].splitlines() == [
        "Start cliente-001",
        "",
        "Platform-Client: 1",
        f"Platform-Command: {COMMAND}",
        "Platform-Sequence: 7",
        "Platform-Attempt: 2",
        "Platform-Transition: started",
    ]


def test_an_operators_unchanged_specification_makes_no_commit(module: Module) -> None:
    first = module.start()
    module.origin.commit("clientes/cliente-002/values.yaml", "replicas: 0\n")
    second = module.start()
    assert (second["changed"], second["commit"]) == (False, first["commit"])
    assert second["diff"]["before"] == second["diff"]["after"]
    assert len(module.origin.log()) == 3


def test_check_mode_returns_the_same_keys_and_the_same_diff_and_writes_nothing(module: Module) -> None:
    checked = module.start(check_mode=True)
    assert len(module.origin.log()) == 1
    done = module.start()
    assert checked.keys() == done.keys()
    assert (checked["commit"], checked["changed"], checked["diff"]) == (None, True, done["diff"])
    assert done["diff"]["before"] == ""
    assert done["diff"]["after"] == module.origin.read(done["path"])


def test_a_decided_command_gets_its_outcome_again(module: Module) -> None:
    command = {"command_id": COMMAND, "sequence": 1, "attempt": 1}
    evidence = {"pod_uid": "0b9c"}
    module.start(**command)
    module.run("decided", **command, decision="rolled_back", reason="bot_not_ready", evidence=evidence)
    again = module.start(**command | {"attempt": 2})
    assert (again["changed"], again["recorded"]) == (
        False,
        {"decision": "rolled_back", "reason": "bot_not_ready", "evidence": evidence},
    )
    restored = module.run("restored", **command)
    assert restored["restored"] == {"replicas": 0, "sequence": 0, "exchange_secret": ""}


def test_a_restore_tells_what_came_back(module: Module) -> None:
    module.start()
    module.run("decided", decision="approved")
    module.start(specification=SPECIFICATION | {"strategy": "Other"})
    restored = module.run("restored")
    assert (
        restored["restored"] == restored["approved"] == {"replicas": 1, "sequence": 0, "exchange_secret": ""}
    )
    assert "strategy: SampleTrend" in module.origin.read(restored["path"])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"specification": {"strategy": "X"}}, "specification_invalid"),
        ({"specification": SPECIFICATION | {"dry_run": False}}, "exchange_secret_missing"),
        ({"specification": SPECIFICATION | {"timeframe": "3d"}}, "specification_invalid"),
        ({"command_id": "7"}, "usage"),
        ({"client": 0}, "usage"),
    ],
)
def test_what_is_refused_touches_nothing(module: Module, options: dict[str, t.Any], code: str) -> None:
    with pytest.raises(PlatformError) as caught:
        module.start(**options)
    assert caught.value.code == code
    assert len(module.origin.log()) == 1


def test_the_options_of_git_and_their_documentation_agree() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    keys = ("type", "required", "default")
    assert {
        name: {key: option[key] for key in keys if key in option} for name, option in documented.items()
    } == {
        name: {key: option[key] for key in keys if key in option}
        for name, option in _gitops.ARGUMENT_SPEC.items()
    }
