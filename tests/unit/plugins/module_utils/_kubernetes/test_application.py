# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES, Category
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import application
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.application import Stage

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
OURS = "a" * 40
LATER = "b" * 40
OLDER = "c" * 40
Object = dict[str, t.Any]


def contains(revision: str) -> bool:
    return revision in (OURS, LATER)


def fixture(name: str) -> Object:
    """Return an Application that Argo CD 3.2 wrote."""
    found: Object = json.loads((FIXTURES / f"application-{name}.json").read_text())
    return found


def synced(**changes: t.Any) -> Object:
    """Return a synced Application at our commit; ``changes`` name parts of its status by their path."""
    found = copy.deepcopy(fixture("synced"))
    status = found["status"]
    status["sync"]["revision"] = status["operationState"]["syncResult"]["revision"] = OURS
    for path, value in changes.items():
        *parents, last = path.split("__")
        part = status
        for name in parents:
            part = part[name]
        part[last] = value
    return found


def test_an_application_that_argo_cd_synced_is_done() -> None:
    found = fixture("synced")
    progress = application.read(found, lambda revision: revision == found["status"]["sync"]["revision"])
    assert progress.stage is Stage.DONE
    assert (progress.sync, progress.phase, progress.problem) == ("Synced", "Succeeded", None)


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({}, Stage.DONE),
        ({"sync__revision": LATER, "operationState__syncResult__revision": LATER}, Stage.DONE),
        ({"sync__revision": OLDER, "operationState__syncResult__revision": OLDER}, Stage.COMPARISON),
        ({"sync__revision": "main"}, Stage.COMPARISON),
        ({"sync__revision": ""}, Stage.COMPARISON),
        ({"sync__status": "OutOfSync"}, Stage.OPERATION),
        ({"sync__status": "Unknown"}, Stage.OPERATION),
        ({"operationState__phase": "Running"}, Stage.SYNC),
        ({"operationState__phase": "Terminating"}, Stage.SYNC),
        ({"operationState__phase": "Failed"}, Stage.OPERATION),
        ({"operationState__phase": "Error"}, Stage.OPERATION),
        ({"operationState": {}}, Stage.OPERATION),
    ],
)
def test_the_stage_is_the_next_thing_that_has_to_happen(changes: Object, stage: Stage) -> None:
    assert application.read(synced(**changes), contains).stage is stage


def test_a_missing_application_has_to_be_made() -> None:
    assert application.read(None, contains).stage is Stage.APPLICATION


def test_an_application_without_status_has_to_be_compared() -> None:
    found = synced()
    del found["status"]
    assert application.read(found, contains).stage is Stage.COMPARISON


def test_a_requested_operation_has_to_end_even_before_it_starts() -> None:
    found = synced()
    found["operation"] = {"sync": {"revision": OURS}}
    assert application.read(found, contains).stage is Stage.SYNC


@pytest.mark.parametrize(
    ("reconciled", "finished", "operated", "stage"),
    [
        ("2026-01-01T10:00:06Z", "2026-01-01T10:00:05Z", OURS, Stage.DONE),
        ("2026-01-01T10:00:05Z", "2026-01-01T10:00:05Z", OURS, Stage.DONE),
        ("2026-01-01T10:00:04Z", "2026-01-01T10:00:05Z", OURS, Stage.VERIFICATION),
        ("2026-01-01T10:00:06Z", "2026-01-01T10:00:05Z", OLDER, Stage.DONE),
        ("2026-01-01T10:00:05Z", "2026-01-01T10:00:05Z", OLDER, Stage.VERIFICATION),
        ("", "2026-01-01T10:00:05Z", OURS, Stage.VERIFICATION),
    ],
)
def test_synced_counts_only_when_it_was_compared_after_the_operation(
    reconciled: str, finished: str, operated: str, stage: Stage
) -> None:
    found = synced(
        reconciledAt=reconciled,
        operationState__finishedAt=finished,
        operationState__syncResult__revision=operated,
    )
    assert application.read(found, contains).stage is stage


@pytest.mark.parametrize(("is_fresh", "stage"), [(True, Stage.DONE), (False, Stage.VERIFICATION)])
def test_a_comparison_asked_for_after_the_end_of_an_operation_came_after_it(
    is_fresh: bool, stage: Stage
) -> None:
    time = "2026-01-01T10:00:05Z"
    found = synced(
        reconciledAt=time,
        operationState__finishedAt=time,
        operationState__startedAt=time,
        operationState__syncResult__revision=OLDER,
    )
    assert application.read(found, contains, is_fresh=is_fresh, ended_operation=time).stage is stage


@pytest.mark.parametrize(
    ("name", "code"),
    [("schema", "manifest_refused"), ("gitaway", "git_unreachable"), ("invalid", "sync_refused")],
)
def test_what_argo_cd_wrote_is_told_apart(name: str, code: str) -> None:
    problem = application.read(fixture(name), lambda revision: True).problem
    assert problem is not None
    assert problem.code == code
    assert problem.is_final is (CODES[code] is Category.REFUSED)


def test_an_error_of_a_comparison_before_our_commit_is_none_of_ours() -> None:
    assert application.read(fixture("schema"), contains, is_fresh=False).problem is None


def test_an_error_of_an_operation_for_another_revision_is_none_of_ours() -> None:
    assert application.read(fixture("invalid"), contains).problem is None


def test_an_error_of_an_operation_that_had_ended_before_is_none_of_ours() -> None:
    found = fixture("invalid")
    started = found["status"]["operationState"]["startedAt"]
    assert application.read(found, lambda revision: True, ended_operation=started).problem is None


def test_a_refusal_does_not_count_beside_something_that_could_not_be_seen() -> None:
    found = fixture("invalid")
    found["status"]["operationState"]["syncResult"]["resources"].append(
        {
            "status": "SyncFailed",
            "message": 'Post "https://10.0.0.1:6443/api/v1": dial tcp: connection refused',
        }
    )
    problem = application.read(found, lambda revision: True).problem
    assert problem is not None
    assert problem.code == "kubernetes_unreachable"


MESSAGES: dict[str, list[str]] = yaml.safe_load((FIXTURES / "argocd_messages.yaml").read_text())


@pytest.mark.parametrize(("code", "text"), [(code, text) for code in MESSAGES for text in MESSAGES[code]])
def test_a_message_of_argo_cd_has_a_meaning(code: str, text: str) -> None:
    problem = application.classify(text)
    assert problem is not None
    assert problem.code == code
    assert problem.is_final is (code in ("manifest_refused", "sync_refused"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "successfully synced (all tasks run)",
        "one or more tasks are running",
        "one or more objects failed to apply",
        "waiting for completion of hook batch/Job/x",
        "operation terminated",
        "Error: something nobody has seen before",
    ],
)
def test_a_message_that_says_nothing_known_concludes_nothing(text: str) -> None:
    assert application.classify(text) is None
