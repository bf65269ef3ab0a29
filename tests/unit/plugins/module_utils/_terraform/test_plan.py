# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What is read from a plan, in documents of the shape that Terraform prints."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.plan import Plan, parse


def change(address: str, *actions: str, **sides: t.Any) -> dict[str, t.Any]:
    return {
        "address": address,
        "mode": "managed",
        "change": {
            "actions": list(actions),
            "before": None,
            "after": None,
            "before_sensitive": {},
            "after_sensitive": {},
            "after_unknown": {},
            **sides,
        },
    }


def plan(
    changes: t.Sequence[dict[str, t.Any]] = (), drift: t.Sequence[dict[str, t.Any]] = (), **document: t.Any
) -> Plan:
    return parse({"resource_changes": changes, "resource_drift": drift, "applyable": True, **document})


@pytest.mark.parametrize(
    ("actions", "word"),
    [
        (["create"], "create"),
        (["update"], "change"),
        (["delete"], "delete"),
        (["delete", "create"], "replace"),
        (["create", "delete"], "replace"),
    ],
)
def test_each_action_has_one_word(actions: list[str], word: str) -> None:
    assert [each.action for each in plan([change("a", *actions)]).changes] == [word]


@pytest.mark.parametrize("actions", [["no-op"], ["read"]])
def test_what_stays_as_it_is_is_no_change(actions: list[str]) -> None:
    assert plan([change("a", *actions)]).changes == []


def test_taking_over_what_exists_is_an_import_even_when_nothing_else_changes() -> None:
    imported = change("a", "no-op", importing={"id": "a"}, before={"x": 1}, after={"x": 1})
    assert plan([imported]).summary["import"] == 1


def test_sensitive_and_unknown_values_are_words_at_any_depth() -> None:
    after = {"user": "bot", "password": "hunter2", "keys": [{"id": "a", "pin": 123}], "tags": None}
    marks = {"password": True, "keys": [{"pin": True}]}
    shown = plan(
        [change("a", "create", after=after, after_sensitive=marks, after_unknown={"id": True})]
    ).result()["diff"]["after"]["a"]
    assert shown == {
        "user": "bot",
        "password": "(sensitive)",
        "keys": [{"id": "a", "pin": "(sensitive)"}],
        "id": "(known after apply)",
    }


def test_a_copy_of_a_sensitive_value_is_hidden_wherever_it_is() -> None:
    marked = change("a", "create", after={"password": ["hunter2"]}, after_sensitive={"password": True})
    copied = change("b", "create", after={"url": "postgresql://bot:hunter2@db/x", "port": 5432})
    assert plan([marked, copied]).result()["diff"]["after"]["b"] == {"url": "(sensitive)", "port": 5432}


def test_a_secret_that_changes_is_named_and_not_shown() -> None:
    changed = change(
        "a",
        "update",
        before={"password": "hunter2", "same": 1},
        after={"password": "hunter3", "same": 1},
        before_sensitive={"password": True},
        after_sensitive={"password": True},
    )
    (found,) = plan([changed]).changes
    assert found.attributes == ["password"]
    assert found.before == found.after == {"password": "(sensitive)"}


def test_taking_drift_back_is_told_from_a_change_of_the_configuration() -> None:
    drifted = change("a", "update", before={"days": 30, "size": 1}, after={"days": 60, "size": 1})
    gone = change("b", "delete", before={"name": "b"})
    both = change("c", "update", before={"days": 30, "size": 1}, after={"days": 60, "size": 1})
    found = plan(
        [
            change("a", "update", before={"days": 60, "size": 1}, after={"days": 30, "size": 1}),
            change("b", "create", after={"name": "b"}),
            change("c", "update", before={"days": 60, "size": 1}, after={"days": 30, "size": 2}),
            change("d", "update", before={"size": 1}, after={"size": 2}),
        ],
        [drifted, gone, both],
    ).result()
    assert {each["address"]: each["cause"] for each in found["changes"]} == {
        "a": "drift",
        "b": "drift",
        "c": "configuration",
        "d": "configuration",
    }
    assert found["drift"][:2] == [
        {"address": "a", "action": "change", "attributes": ["days"], "taken_back": True},
        {"address": "b", "action": "delete", "attributes": [], "taken_back": True},
    ]


def set_by(configuration: dict[str, list[str]]) -> dict[str, t.Any]:
    """Return a configuration that sets these attributes of these resources."""
    resources = [
        {"address": address, "expressions": {name: {} for name in names}}
        for address, names in configuration.items()
    ]
    return {"root_module": {"resources": resources}}


def test_another_word_for_nothing_is_no_drift() -> None:
    before = {"tags": None, "rules": [], "size": 1}
    after = {"tags": {}, "rules": None, "size": 1}
    meant = set_by({"a": ["tags", "rules", "size"]})
    assert plan([], [change("a", "update", before=before, after=after)], configuration=meant).drift == []
    changed = change("a", "update", before=before, after={**after, "size": 2})
    (found,) = plan([], [changed], configuration=meant).drift
    assert found.attributes == ["size"]


def test_what_aws_says_of_itself_is_no_drift() -> None:
    given = change("module.net.aws_eip.nat[0]", "update", before={"used_by": ""}, after={"used_by": "nat-1"})
    assert plan([], [given], configuration=set_by({"aws_eip.nat": ["domain"]})).drift == []
    nested = {
        "root_module": {
            "module_calls": {"net": {"module": set_by({"aws_eip.nat": ["used_by"]})["root_module"]}}
        }
    }
    assert plan([], [given], configuration=nested).drift != []


def test_drift_is_what_the_plan_takes_back_though_nothing_sets_it() -> None:
    drifted = change("a", "update", before={"tags": {}, "seen": 1}, after={"tags": {"by": "hand"}, "seen": 2})
    back = change(
        "a",
        "update",
        before={"tags": {"by": "hand"}, "seen": 2},
        after={"tags": {}},
        after_unknown={"seen": True},
    )
    (found,) = plan([back], [drifted]).drift
    assert found.attributes == ["tags"]


def test_drift_that_the_plan_leaves_is_told_all_the_same() -> None:
    drifted = change("a", "update", before={"size": 1}, after={"size": 2})
    (found,) = plan([], [drifted], configuration=set_by({"a": ["size"]})).result()["drift"]
    assert found == {"address": "a", "action": "change", "attributes": ["size"], "taken_back": False}


@pytest.mark.parametrize(
    ("before", "protected"),
    [
        ({"deletion_protection": True}, True),
        ({"deletion_protection": False}, False),
        ({"force_delete": False}, True),
        ({"force_destroy": True}, False),
        ({"name": "x"}, False),
    ],
)
def test_a_resource_that_refuses_its_deletion_is_protected(before: dict[str, t.Any], protected: bool) -> None:
    assert plan([change("a", "delete", before=before)]).protected == (["a"] if protected else [])
    assert plan([change("a", "update", before=before, after=before)]).protected == []
