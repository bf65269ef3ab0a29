# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that nobody aimed is refused before it touches anything."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

PLAYBOOKS = ("trade_start", "trade_stop")


@pytest.fixture
def inventory(tmp_path: pathlib.Path) -> pathlib.Path:
    """Two clients whose repository does not exist: touching anything would fail with another message."""
    path = tmp_path / "inventory.yml"
    settings = {
        "platform_gitops_repository": str(tmp_path / "nowhere.git"),
        "platform_database_pod_host": "127.0.0.1",
        "platform_database": {"host": "127.0.0.1", "user": "x", "passfile": "/nowhere"},
    }
    hosts = {f"cliente-00{number}": {"platform_client": number} for number in (1, 2)}
    path.write_text(json.dumps({"all": {"hosts": hosts, "vars": settings}}))
    return path


def play(playbook: str, inventory: pathlib.Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the collection as an operator would."""
    return subprocess.run(
        ["ansible-playbook", f"bot_freqtrade.platform.{playbook}", "-i", str(inventory), *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"},
    )


CASES: dict[str, tuple[list[str], str]] = {
    "a forgotten limit": ([], "No limit was given"),
    "an unknown host beside a known one": (["--limit", "cliente-001,cliente-999"], "cliente-999"),
    "a specification for several hosts": (
        ["--limit", "cliente-*", "-e", json.dumps({"bot_specification": {"strategy": "SampleTrend"}})],
        "a specification is for one",
    ),
    "a specification for all clients": (
        ["-e", json.dumps({"all_clients": True, "bot_specification": {"strategy": "SampleTrend"}})],
        "a specification is for one",
    ),
}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("case", CASES)
def test_refuses_and_touches_nothing(playbook: str, case: str, inventory: pathlib.Path) -> None:
    options, message = CASES[case]
    run = play(playbook, inventory, *options)
    output = " ".join(run.stdout.split())
    assert run.returncode != 0
    assert message in output
    assert "Nothing was touched" in output
    assert "changed=0" in output
    assert not any(name in output for name in ("Give the client", "Commit a stopped bot"))


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_refuses_a_limit_of_only_an_unknown_host(playbook: str, inventory: pathlib.Path) -> None:
    run = play(playbook, inventory, "--limit", "cliente-999")
    assert run.returncode != 0
    assert "no hosts to target" in run.stdout + run.stderr


def test_lets_an_aimed_run_reach_the_first_module(inventory: pathlib.Path) -> None:
    run = play("trade_stop", inventory, "--limit", "cliente-001")
    assert "Commit a stopped bot" in run.stdout
