# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.bot_freqtrade.platform.plugins.inventory.tenants import InventoryModule
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import GitRepository, transact
from ansible_collections.bot_freqtrade.platform.tests.support import writers
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import Origin

try:
    from ansible.template import is_trusted_as_template, trust_as_template
except ImportError:  # before ansible-core 2.19 a text is a template unless it is marked
    from ansible.utils.unsafe_proxy import AnsibleUnsafe

    def is_trusted_as_template(value: object) -> bool:
        return not isinstance(value, AnsibleUnsafe)

    def trust_as_template(value: str) -> str:
        return value


Options = dict[str, t.Any]
COMPOSED = {
    "compose": {"composed": trust_as_template("platform_bot.strategy")},
    "keyed_groups": [{"key": trust_as_template("platform_bot.strategy"), "prefix": "strategy"}],
}


class Inventory:
    """The plugin on one repository, and what it warned of."""

    def __init__(self, directory: pathlib.Path, origin: Origin) -> None:
        self.directory = directory
        self.origin = origin
        self.warnings: list[str] = []

    def load(self, **options: t.Any) -> InventoryData:
        plugin = InventoryModule()
        plugin._options = {
            "repository": self.origin.url,
            "branch": "main",
            "git_cache": str(self.directory / "cache"),
            "git_timeout": 20,
            "committer_name": "a",
            "committer_email": "b",
            "ssh_key_file": None,
            "credential_helper": None,
            "clients": [],
            "strict": False,
            "compose": {},
            "groups": {},
            "keyed_groups": [],
            **options,
        }
        plugin.inventory = InventoryData()
        plugin.templar = Templar(loader=DataLoader())
        plugin._populate(plugin._fetch())
        return plugin.inventory

    def groups(self, **options: t.Any) -> dict[str, list[str]]:
        groups = self.load(**options).get_groups_dict()
        return {name: hosts for name, hosts in groups.items() if name not in ("all", "ungrouped")}

    def variables(self, host: str, **options: t.Any) -> Options:
        found: Options = self.load(**options).get_host(host).get_vars()
        return found

    def run(self, program: str, *arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        """Run a program of Ansible on a tenants.yml."""
        config = {
            "plugin": "bot_freqtrade.platform.tenants",
            "repository": self.origin.url,
            "git_cache": str(self.directory / "cache"),
            **options,
        }
        path = self.directory / "tenants.yml"
        path.write_text(json.dumps(config), encoding="utf-8")
        command = [str(pathlib.Path(sys.executable).with_name(program)), "-i", str(path), *arguments]
        environment = os.environ | {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", "NO_COLOR": "1"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    return Origin.create(tmp_path_factory.mktemp("origin"))


@pytest.fixture
def inventory(origin: Origin, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    made = Inventory(tmp_path, origin)
    monkeypatch.setattr("ansible.utils.display.Display.warning", lambda self, msg: made.warnings.append(msg))
    return made


@pytest.fixture
def repository(origin: Origin, tmp_path: pathlib.Path) -> GitRepository:
    return GitRepository(origin.url, cache_dir=str(tmp_path / "cache"))


def test_clients_are_grouped_by_state_and_mode(repository: GitRepository, inventory: Inventory) -> None:
    for client in (1, 2):
        transact(repository, writers.start(client, 1))
    transact(repository, writers.decide(1, 1))
    assert inventory.groups(clients=[1, 3]) == {
        "running": ["cliente-001"],
        "undecided": ["cliente-002"],
        "dry_run": ["cliente-001", "cliente-002"],
        "unregistered": ["cliente-003"],
    }
    assert inventory.warnings == []


def test_a_host_knows_its_number_state_and_approved_state(
    repository: GitRepository, inventory: Inventory
) -> None:
    transact(repository, writers.start(1, 4))
    variables = inventory.variables("cliente-001")
    assert variables["platform_client"] == 1
    assert variables["platform_state"] == "undecided"
    assert variables["platform_desired"] == "running"
    assert (variables["platform_sequence"], variables["platform_attempt"]) == (4, 1)
    assert variables["platform_bot"]["strategy"] == "SampleTrend"
    assert variables["platform_approved"] == {"replicas": 0, "sequence": 0, "exchange_secret": ""}
    assert "platform_command" not in variables


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("replicas: 0", "stopped"),
        ("replicas: 1", "undecided"),
        ("replicas: 0\nplatform: {command: x}", "undecided"),
        ("replicas: 0\nplatform: {command: x, decided: approved}", "stopped"),
        ("replicas: 0\nplatform: {decided: rolledBack, approved: {replicas: 1}}", "stopped"),
        ("replicas: 1\nplatform: {command: x, decided: rolledBack, approved: {replicas: 0}}", "undecided"),
        ("replicas: 1\nplatform: {command: x, decided: approved, approved: {replicas: 1}}", "running"),
    ],
)
def test_the_state_is_undecided_while_a_change_waits(
    origin: Origin, inventory: Inventory, text: str, state: str
) -> None:
    origin.commit("clientes/cliente-001/values.yaml", text)
    assert inventory.variables("cliente-001")["platform_state"] == state


def test_a_malformed_file_hides_no_other_and_stays_visible(
    repository: GitRepository, origin: Origin, inventory: Inventory
) -> None:
    transact(repository, writers.start(2, 1))
    origin.commit("clientes/cliente-001/values.yaml", "replicas: [")
    assert inventory.groups() == {
        "malformed": ["cliente-001"],
        "undecided": ["cliente-002"],
        "dry_run": ["cliente-002"],
    }
    assert any("clientes/cliente-001/values.yaml" in warning for warning in inventory.warnings)
    assert "not YAML" in inventory.variables("cliente-001")["platform_error"]


@pytest.mark.parametrize(
    "path",
    ["clientes/other/values.yaml", "clientes/cliente-1/values.yaml", "clientes/cliente-001/x/values.yaml"],
)
def test_a_file_of_no_client_is_left_out_with_a_warning(
    origin: Origin, inventory: Inventory, path: str
) -> None:
    origin.commit(path, "replicas: 0")
    assert inventory.groups() == {}
    assert any(repr(path) in warning for warning in inventory.warnings)


def test_a_template_in_the_repository_is_marked_as_text(origin: Origin, inventory: Inventory) -> None:
    template = "{{ 6 * 7 }}"
    bot = f'{{strategy: "{template}", pairs: ["{template}"]}}'
    origin.commit(
        "clientes/cliente-001/values.yaml", f'replicas: 0\nbot: {bot}\nplatform: {{reason: "{template}"}}'
    )
    variables = inventory.variables("cliente-001", **COMPOSED)
    bot_variables = variables["platform_bot"]
    for value in (
        variables["platform_reason"],
        bot_variables["strategy"],
        bot_variables["pairs"][0],
        variables["composed"],
    ):
        assert value == template
        assert not is_trusted_as_template(value)
        assert Templar(loader=DataLoader(), variables=variables).template(value) == template


def test_a_template_in_the_repository_never_runs(origin: Origin, inventory: Inventory) -> None:
    """A playbook prints the value, groups are made of it, and its command leaves no trace."""
    trace = inventory.directory / "trace"
    template = f"{{{{ lookup('ansible.builtin.pipe', 'touch {trace}') }}}}"
    origin.commit(
        "clientes/cliente-001/values.yaml", json.dumps({"replicas": 0, "bot": {"strategy": template}})
    )
    playbook = inventory.directory / "play.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    keyed = [{"key": "platform_bot.strategy", "prefix": "strategy"}]
    result = inventory.run("ansible-playbook", str(playbook), keyed_groups=keyed)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "lookup(" in result.stdout
    assert not trace.exists()


PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ platform_bot.strategy }}"
"""


def test_groups_can_be_made_of_what_the_repository_says(
    repository: GitRepository, inventory: Inventory
) -> None:
    transact(repository, writers.start(1, 1))
    big = {"big": trust_as_template("platform_bot.stakeAmount > 0")}
    groups = inventory.groups(groups=big, **COMPOSED)
    assert groups["big"] == groups["strategy_SampleTrend"] == ["cliente-001"]


def test_a_cached_inventory_is_read_without_the_repository(
    repository: GitRepository, origin: Origin, inventory: Inventory
) -> None:
    transact(repository, writers.start(1, 1))
    cache = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(inventory.directory / "facts"),
    }
    first = inventory.run("ansible-inventory", "--list", **cache)
    origin.bare.rename(origin.bare.with_name("away"))
    second = inventory.run("ansible-inventory", "--list", **cache)
    assert json.loads(first.stdout)["undecided"]["hosts"] == ["cliente-001"]
    assert second.stdout == first.stdout


def test_a_repository_away_fails_the_inventory(origin: Origin, inventory: Inventory) -> None:
    origin.bare.rename(origin.bare.with_name("away"))
    result = inventory.run("ansible-inventory", "--list", git_timeout=1)
    assert result.returncode != 0
    assert "Cannot read refs/heads/main" in result.stderr


@pytest.mark.parametrize(
    ("name", "ours"),
    [("tenants.yml", True), ("a.tenants.yaml", True), ("hosts.yml", False), ("tenants", False)],
)
def test_the_plugin_takes_files_by_their_name(tmp_path: pathlib.Path, name: str, ours: bool) -> None:
    path = tmp_path / name
    path.touch()
    assert InventoryModule().verify_file(str(path)) is ours
