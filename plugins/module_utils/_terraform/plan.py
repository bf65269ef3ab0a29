# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What a plan would change, and what somebody else has changed, in words that hold no secret value."""

from __future__ import annotations

import collections.abc
import dataclasses
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform import (
    values,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.program import (
    Json,
)

ACTIONS: t.Final = ("import", "create", "change", "replace", "delete")
_WORDS: t.Final[dict[tuple[str, ...], str]] = {
    ("create",): "create",
    ("update",): "change",
    ("delete",): "delete",
    ("forget",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
}
_INDEX: t.Final = re.compile(r"\[[^\]]*\]")
_PROTECTIONS: t.Final = {"deletion_protection": True, "force_delete": False, "force_destroy": False}
"""Attributes by which AWS or its provider refuses to delete a resource, and the value with which it does."""


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of one resource: planned, or made by somebody else.

    :ivar action: one of :data:`ACTIONS`.
    :ivar before: the attributes that change with their values before, or all of a deleted resource; None
        for a new one.
    :ivar after: the same afterwards.
    """

    address: str
    action: str
    before: Json | None
    after: Json | None

    @property
    def attributes(self) -> list[str]:
        """Names of the attributes that change; empty unless a resource is there before and after."""
        return [] if self.before is None or self.after is None else sorted({*self.before, *self.after})


@dataclasses.dataclass(frozen=True)
class Plan:
    """A plan that Terraform has made, read back from its file."""

    changes: list[Change]
    drift: list[Change]
    variables: Json
    """Values of all variables of the configuration, such as the files and the defaults make them."""
    protected: list[str]
    """Addresses of resources that refuse their deletion."""
    is_applicable: bool

    @property
    def summary(self) -> dict[str, int]:
        """How many resources each action concerns."""
        return {action: sum(each.action == action for each in self.changes) for action in ACTIONS}

    def cause(self, change: Change) -> str:
        """Tell whether a planned change follows the ``configuration``, or only takes back ``drift``."""
        drifted = next((each for each in self.drift if each.address == change.address), None)
        if drifted is None:
            return "configuration"
        if drifted.action == "delete":
            return "drift" if change.action == "create" else "configuration"
        changed, original = change.after or {}, drifted.before or {}
        known = {name: value for name, value in changed.items() if value != values.UNKNOWN}
        takes_back = bool(known) and all(original.get(name) == value for name, value in known.items())
        return "drift" if takes_back and change.action == "change" else "configuration"

    def result(self) -> Json:
        """Return what a module returns of the plan."""
        planned = {each.address for each in self.changes}
        return {
            "summary": self.summary,
            "changes": [
                {"address": each.address, "action": each.action, "cause": self.cause(each)}
                for each in self.changes
            ],
            "drift": [
                {
                    "address": each.address,
                    "action": each.action,
                    "attributes": each.attributes,
                    "taken_back": each.address in planned,
                }
                for each in self.drift
            ],
            "diff": {
                "before_header": "resources",
                "after_header": "resources",
                "before": {each.address: each.before for each in self.changes if each.before is not None},
                "after": {each.address: each.after for each in self.changes if each.after is not None},
            },
        }


def parse(document: Json) -> Plan:
    """Read what ``terraform show -json`` prints of a plan file."""
    changes, drift = document.get("resource_changes", []), document.get("resource_drift", [])
    sides = [side for each in [*changes, *drift] for side in values.sides(each["change"])]
    secrets = {text for side in sides for text in side.secrets()}
    planned = [change for each in changes if (change := _change(each, secrets)) is not None]
    configured = dict(_configured(document.get("configuration", {}).get("root_module", {})))
    return Plan(
        changes=planned,
        drift=[
            change
            for each in drift
            if (change := _drift(_change(each, secrets), planned, configured)) is not None
        ],
        variables={name: each.get("value") for name, each in document.get("variables", {}).items()},
        protected=[each["address"] for each in changes if _is_protected(each["change"])],
        is_applicable=document["applyable"],
    )


def _change(document: Json, secrets: collections.abc.Set[str]) -> Change | None:
    change = document["change"]
    action = _WORDS.get(tuple(change["actions"]))
    if change.get("importing") and action in (None, "change"):
        action = "import"
    if action is None or document.get("mode") == "data":
        return None
    before, after = (side.shown(secrets) for side in values.sides(change))
    if before is not None and after is not None:
        before, after = _differing(before, after, change)
    return Change(document["address"], action, before, after)


def _drift(
    change: Change | None, planned: t.Sequence[Change], configured: t.Mapping[str, set[str]]
) -> Change | None:
    """Keep of a change that Terraform found what somebody must have made.

    That is what the configuration sets or the plan takes back. The rest AWS says of itself, such as what an
    address has been given to. Another word for nothing, such as an empty list, is no change either.
    """
    if change is None or change.before is None or change.after is None:
        return change
    plan = next((each for each in planned if each.address == change.address), None)
    after = (plan.after if plan else None) or {}
    meant = {name for name, value in after.items() if value != values.UNKNOWN}
    meant |= configured.get(_INDEX.sub("", change.address), set())
    pairs = {name: (change.before.get(name), change.after.get(name)) for name in change.attributes}
    kept = {name: pair for name, pair in pairs.items() if name in meant and any(pair)}
    before, now = ({name: pair[side] for name, pair in kept.items()} for side in (0, 1))
    return dataclasses.replace(change, before=before, after=now) if kept else None


def _configured(module: Json, prefix: str = "") -> t.Iterator[tuple[str, set[str]]]:
    """Yield for each resource of a configuration its address without indices, and what is set of it."""
    for resource in module.get("resources", []):
        yield prefix + resource["address"], set(resource.get("expressions", {}))
    for name, call in module.get("module_calls", {}).items():
        yield from _configured(call["module"], f"{prefix}module.{name}.")


def _differing(before: Json, after: Json, change: Json) -> tuple[Json, Json]:
    """Keep the attributes that change, also those whose values are hidden on both sides."""
    old, new = change["before"], change["after"]
    names = {
        name
        for name in {*before, *after}
        if before.get(name) != after.get(name) or (name in new and old.get(name) != new.get(name))
    }
    return (
        {name: value for name, value in before.items() if name in names},
        {name: value for name, value in after.items() if name in names},
    )


def _is_protected(change: Json) -> bool:
    before = change["before"] or {}
    return "delete" in change["actions"] and any(
        before.get(name) is value for name, value in _PROTECTIONS.items()
    )


__all__ = ("ACTIONS", "Change", "Plan", "parse")
