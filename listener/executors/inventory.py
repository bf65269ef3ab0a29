# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of one run: its hosts, and nothing else that could be meant by mistake."""

from __future__ import annotations

import typing as t

import yaml

if t.TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .interface import Work


class _Unsafe(dict[str, t.Any]):
    """Values that came over the chain: Ansible must not take a text in them for a template.

    It is the mapping that is marked, because Ansible guesses the type of a marked text anew.
    """


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(_Unsafe, lambda dumper, values: dumper.represent_mapping("!unsafe", dict(values)))


def write_inventory(folder: Path, works: Sequence[Work], variables: dict[str, t.Any]) -> Path:
    """Write the hosts of *works* and the group *variables* below *folder*; return the inventory's path."""
    hosts = {
        work.host: {"platform_client": work.client, "platform_command": _Unsafe(work.variables)}
        for work in works
    }
    inventory = folder / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    (inventory / "group_vars" / "all.yml").write_text(_dump(variables), encoding="utf-8")
    (inventory / "hosts.yml").write_text(_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    return inventory


def _dump(value: t.Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False)
    return text


__all__ = ("write_inventory",)
