# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible's events mean."""

from __future__ import annotations

from typing import Any

import pytest

from listener.executors.interface import Work
from listener.executors.reports import Decided, Failed, Outcome, Reached, Translator, read_decision

ID = "0x" + "ab" * 32
EVIDENCE = {"commit": "c0ffee", "image_digest": "", "pod_uid": "", "ready_since": "", "reason": ""}
OUTCOME = {"command_id": ID, "decision": "approved", "reason": "", "evidence": EVIDENCE}


def work() -> Work:
    return Work(ID, 1, 1, "trade.start", {})


def event(kind: str = "runner_on_ok", **data: Any) -> dict[str, Any]:
    return {"event": kind, "event_data": {"host": "cliente-001", **data}}


def stats(outcome: Any) -> dict[str, Any]:
    return event(res={"ansible_stats": {"data": {"platform_outcome": outcome}}})


def ran(module: str, role: str = "bot", **arguments: Any) -> dict[str, Any]:
    action = f"bot_freqtrade.platform.{module}"
    return event(task_action=action, role=role, res={"invocation": {"module_args": arguments}})


def read(*events: dict[str, Any]) -> list[Any]:
    translator = Translator([work()])
    return [report for item in events for _, report in translator.read(item)]


def test_the_outcome_is_the_hosts_own_stats() -> None:
    assert read(stats(OUTCOME)) == [Outcome("approved", "", EVIDENCE)]


@pytest.mark.parametrize(
    "change",
    [
        {"command_id": "0x" + "cd" * 32},
        {"decision": "perhaps"},
        {"decision": "rolled_back"},
        {"reason": "bot_crashed"},
        {"decision": "rolled_back", "reason": "no such code"},
        {"evidence": {"password": "x"}},
        {"evidence": {"commit": 1}},
        {"evidence": None},
        {"reason": None},
    ],
)
def test_an_outcome_of_another_form_or_command_is_none(change: dict[str, Any]) -> None:
    assert read(stats({**OUTCOME, **change})) == []


@pytest.mark.parametrize("outcome", [None, "approved", [], 1])
def test_stats_of_any_other_kind_are_no_outcome(outcome: Any) -> None:
    assert read(stats(outcome)) == []


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"event": "runner_on_ok"},
        {"event": "runner_on_ok", "event_data": None},
        event(res=None),
        event(res="text"),
        {"event": "runner_on_ok", "event_data": {"host": "cliente-002", "res": {}}},
    ],
)
def test_events_of_another_form_mean_nothing(broken: dict[str, Any]) -> None:
    assert read(broken) == []


def test_the_stages_of_a_start() -> None:
    told = read(
        {"event": "playbook_on_play_start", "event_data": {}},
        ran("bot_values", "tenant", state="registered"),
        ran("argocd_application", "tenant"),
        ran("tenant_schema", "tenant"),
        ran("bot_values", state="started"),
        ran("argocd_application"),
        ran("bot_health_info", expect="healthy"),
    )
    assert [report.stage for report in told] == ["started", "prepared", "committed", "synced", "healthy"]


def test_the_stages_of_a_restore_have_names_of_their_own() -> None:
    told = read(
        ran("bot_values", state="started"),
        ran("argocd_application", "bot_freqtrade.platform.bot"),
        ran("bot_values", state="restored"),
        ran("argocd_application"),
        ran("bot_health_info", expect="stopped"),
    )
    stages = [report.stage for report in told]
    assert stages == ["committed", "synced", "restored", "restored_synced", "restored_stopped"]


def test_a_decision_in_git_is_told_before_the_outcome() -> None:
    decided = ran("bot_values", state="decided", decision="approved", reason="", evidence=EVIDENCE)
    assert read(decided) == [Reached("decided_in_git"), Decided("approved", "", EVIDENCE)]


def test_a_recorded_decision_counts_more_than_the_one_asked_for() -> None:
    decided = ran("bot_values", state="decided", decision="approved", reason="", evidence=EVIDENCE)
    recorded = {"decision": "rolled_back", "reason": "bot_crashed", "evidence": {}}
    decided["event_data"]["res"]["recorded"] = recorded
    assert read(decided)[1] == Decided("rolled_back", "bot_crashed", {})


def test_a_failure_of_the_collections_module_tells_its_code_and_text() -> None:
    failed = event(
        "runner_on_failed",
        task_action="bot_freqtrade.platform.bot_health_info",
        res={"code": "bot_crashed", "category": "nonsense", "msg": "It ended"},
    )
    assert read(failed) == [Failed("bot_crashed", "unhealthy", "It ended")]


@pytest.mark.parametrize("action", ["ansible.builtin.command", "ansible.builtin.assert"])
def test_the_text_of_any_other_failure_is_not_repeated(action: str) -> None:
    (failed,) = read(event("runner_on_failed", task_action=action, res={"msg": "canary", "code": "canary"}))
    assert failed.code == "undecided"
    assert "canary" not in repr(failed)


def test_the_red_end_of_a_rescued_host_is_no_failure_of_its_own() -> None:
    assert read(event("runner_on_failed", task_action="ansible.builtin.fail", res={"msg": "x"})) == []


def test_read_decision_wants_a_reason_exactly_for_a_rollback() -> None:
    assert read_decision(OUTCOME) == ("approved", "", EVIDENCE)
    assert read_decision({**OUTCOME, "decision": "rolled_back", "reason": "undecided"}) is not None
