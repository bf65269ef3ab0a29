# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: tenants
short_description: Clients of the GitOps repository as hosts
version_added: 0.1.0
description:
  - Lists every client that has a values file in the GitOps repository as a host such as V(cliente-001), with
    its desired state as variables.
  - Groups the clients by state as C(running), C(stopped) and C(undecided), and by mode as C(dry_run) and
    C(live).
  - A client whose file cannot be understood is in the group C(malformed) with a warning, and hides no other.
  - Nothing that the repository says is ever taken for a template.
  - Needs a configuration file whose name ends in C(tenants.yml) or C(tenants.yaml).
author:
  - The bot_freqtrade.platform founders (@bot-freqtrade)
extends_documentation_fragment:
  - bot_freqtrade.platform.gitops
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [bot_freqtrade.platform.tenants]
  clients:
    description:
      - Numbers of further clients. Those that have no file yet are in the group C(unregistered).
    type: list
    elements: int
    default: []
requirements:
  - PyYAML >= 6.0
"""

EXAMPLES = r"""
---
# inventory/tenants.yml, for the clients that have a file
plugin: bot_freqtrade.platform.tenants
repository: file:///srv/gitops.git

---
# The same, with a client that gets its file by the first run, and with a group for each strategy
plugin: bot_freqtrade.platform.tenants
repository: ssh://git@git.example.com/platform/gitops.git
ssh_key_file: /etc/bot_freqtrade/gitops.key
clients: [3]
keyed_groups:
  - key: platform_bot.strategy | default('none')
    prefix: strategy
"""

import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _gitops
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

Clients = dict[str, dict[str, t.Any]]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The clients of the GitOps repository."""

    NAME = "bot_freqtrade.platform.tenants"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("tenants.yml", "tenants.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        self.load_cache_plugin()
        try:
            self._populate(self._cached(self.get_cache_key(path), cache))
        except PlatformError as error:
            raise AnsibleParserError(error.message) from None

    def _cached(self, key: str, cache: bool) -> Clients:
        if not self.get_option("cache"):
            return self._fetch()
        if not cache or key not in self._cache:
            self._cache[key] = self._fetch()
        return t.cast("Clients", self._cache[key])

    def _fetch(self) -> Clients:
        """Return the variables of each host."""
        options = {name: self.get_option(name) for name in _gitops.ARGUMENT_SPEC}
        repository = _gitops.repository_of(options)
        with repository.snapshot() as snapshot:
            survey = _gitops.survey(snapshot)
        for path in survey.foreign:
            self.display.warning(
                f"The file {path!r} of the GitOps repository belongs to no client: it is left out"
            )
        clients = {number: Client(number) for number in self.get_option("clients")}
        found: Clients = {client.host: {"state": "unregistered"} for client in clients.values()}
        for client, values in survey.clients.items():
            if values["state"] == "malformed":
                self.display.warning(f"{values['error']}: {client.host} is in the group malformed")
            found[client.host] = values
        return found

    def _populate(self, clients: Clients) -> None:
        for host, values in sorted(clients.items()):
            client = Client.from_host(host)
            self.inventory.add_host(client.host)
            for group in _groups(values):
                self.inventory.add_child(self.inventory.add_group(group), client.host)
            variables = {f"platform_{name}": wrap_var(value) for name, value in values.items()}
            variables["platform_client"] = client.number
            for name, value in variables.items():
                self.inventory.set_variable(client.host, name, value)
            self._construct(client.host, variables)

    def _construct(self, host: str, variables: dict[str, t.Any]) -> None:
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)


def _groups(values: t.Mapping[str, t.Any]) -> list[str]:
    """Return the groups of a client; their names are all known here, none comes from the repository."""
    groups = [values["state"]]
    dry_run = values.get("bot", {}).get("dryRun")
    if isinstance(dry_run, bool):
        groups.append("dry_run" if dry_run else "live")
    return groups
