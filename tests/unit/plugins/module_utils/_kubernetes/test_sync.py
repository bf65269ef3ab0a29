# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import sync
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    APPLICATION_SETS,
    APPLICATIONS,
    Cluster,
    Conflict,
    NotFound,
    Resource,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.polling import Stopwatch

OURS = "a" * 40
LATER = "b" * 40
OLDER = "c" * 40
REFRESH = "argocd.argoproj.io/refresh"
TARGET = sync.Target("argocd", "cliente-001", "clientes")
Object = dict[str, t.Any]


class ArgoCD:
    """An API server with one Application, and an Argo CD that acts on it while the other side sleeps."""

    def __init__(self, application: Object | None) -> None:
        self.application = application
        self.now = 0.0
        self.patches: list[tuple[float, str, Object]] = []
        self.plan: list[tuple[float, t.Callable[[], None]]] = []
        self.answers_refresh = True
        self.branch = LATER
        self.failure = ""
        self.outage: PlatformError | None = None
        self.conflicts = 0

    def limit(self, deadline: float | None) -> None:
        """Accept a deadline: no request takes any time here."""

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        if self.outage is not None:
            raise self.outage
        if resource is APPLICATION_SETS:
            return {"status": {"conditions": [{"type": "ErrorOccurred", "status": "True", "message": "no!"}]}}
        if self.application is None:
            raise NotFound("none", 404)
        return copy.deepcopy(self.application)

    def patch(self, resource: Resource, namespace: str, name: str, body: Object) -> None:
        if self.outage is not None:
            raise self.outage
        if "resourceVersion" in body["metadata"] and self.conflicts:
            self.conflicts -= 1
            raise Conflict("changed", 409)
        self.patches.append((self.now, resource.kind, body))
        if resource is APPLICATIONS:
            assert self.application is not None
            merge(self.application, body)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for entry in [entry for entry in self.plan if entry[0] <= self.now]:
            self.plan.remove(entry)
            entry[1]()
        if self.application is not None and self.answers_refresh:
            self.refresh()

    def refresh(self) -> None:
        """Answer a request to compare, with what has changed, or with the failure of this test."""
        assert self.application is not None
        if self.application["metadata"]["annotations"].pop(REFRESH, None) is None:
            return
        self.set_status(sync={"status": "OutOfSync", "revision": self.branch}, reconciledAt=self.time())
        self.application["status"].pop("conditions", None)
        if self.failure:
            self.set_status(
                sync={"status": "Unknown", "revision": "main"},
                conditions=[{"type": "ComparisonError", "message": self.failure}],
            )

    def time(self) -> str:
        return f"2026-01-01T10:{int(self.now) // 60:02d}:{int(self.now) % 60:02d}Z"

    def after(self, seconds: float, do: t.Callable[[], None]) -> None:
        self.plan.append((seconds, do))

    def set_status(self, **changes: t.Any) -> None:
        assert self.application is not None
        merge(self.application["status"], changes)

    def succeed(self) -> None:
        """Run the requested or running operation to its end and compare again."""
        assert self.application is not None
        operation = self.application.pop("operation", None)
        revision = operation["sync"]["revision"] if operation else self.branch
        self.set_status(
            sync={"status": "Synced", "revision": revision},
            operationState={
                "phase": "Succeeded",
                "startedAt": self.time(),
                "finishedAt": self.time(),
                "syncResult": {"revision": revision},
            },
            reconciledAt=self.time(),
        )

    def patches_of(self, part: str) -> list[Object]:
        return [body for at, kind, body in self.patches if part in body or part in body["metadata"]]


def merge(target: Object, change: Object) -> None:
    for key, value in change.items():
        if key == "resourceVersion":
            continue
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = value


def make(revision: str = OLDER, status: str = "Synced", phase: str = "Succeeded") -> Object:
    """Return an Application as Argo CD left it a while ago."""
    time = "2026-01-01T09:00:00Z"
    return {
        "metadata": {"name": "cliente-001", "resourceVersion": "7", "annotations": {}},
        "spec": {"syncPolicy": {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]}},
        "status": {
            "reconciledAt": "2026-01-01T09:30:00Z",
            "sync": {"status": status, "revision": revision},
            "operationState": {
                "phase": phase,
                "startedAt": time,
                "finishedAt": time,
                "syncResult": {"revision": revision},
            },
        },
    }


def contains(revision: str) -> bool:
    return revision in (OURS, LATER)


def start(
    argo: ArgoCD, seconds: float = 30, has: t.Callable[[str], bool] = contains, **options: bool
) -> sync.Synchronisation:
    stopwatch = Stopwatch(seconds, clock=argo.clock, sleep=argo.sleep)
    return sync.Synchronisation(t.cast(Cluster, argo), TARGET, has, stopwatch, **options)


def test_what_is_synced_already_is_not_touched() -> None:
    argo = ArgoCD(make(LATER))
    result = start(argo).run()
    assert (result["changed"], result["revision"], result["timeline"]) == (False, LATER, {})
    assert argo.patches == []


def test_a_refresh_is_asked_for_once_and_the_automated_sync_is_waited_for() -> None:
    argo = ArgoCD(make(OLDER))
    argo.after(0.4, lambda: argo.set_status(operationState={"phase": "Running"}))
    argo.after(1.0, argo.succeed)
    result = start(argo).run()
    assert [body["metadata"]["annotations"] for at, kind, body in argo.patches] == [{REFRESH: "normal"}]
    assert result["changed"] is True
    assert result["diff"] == {
        "before": {"revision": OLDER, "sync": "Synced", "phase": "Succeeded"},
        "after": {"revision": LATER, "sync": "Synced", "phase": "Succeeded"},
    }
    assert set(result["timeline"]) == {"comparison", "operation", "sync"}


def test_check_mode_asks_for_nothing() -> None:
    argo = ArgoCD(make(OLDER))
    result = start(argo).look()
    assert (result["changed"], result["revision"], result["sync"]) == (True, OLDER, "Synced")
    assert argo.patches == []


def test_only_a_missing_application_makes_us_ask_the_application_set() -> None:
    argo = ArgoCD(None)

    def appear() -> None:
        argo.application = make(LATER)

    argo.after(1.0, appear)
    assert start(argo).run()["changed"] is True
    assert [kind for at, kind, body in argo.patches] == ["ApplicationSet"]


def test_an_application_that_never_comes_is_blind_and_names_the_error_of_its_set() -> None:
    argo = ArgoCD(None)
    with pytest.raises(PlatformError, match="the ApplicationSet clientes has not made it: no!") as caught:
        start(argo, 3.5).run()
    assert caught.value.code == "argocd_unreachable"
    assert [round(at) for at, kind, body in argo.patches] == [0, 1, 2, 3]


def test_a_revision_that_was_given_up_is_synced_again_after_some_patience() -> None:
    argo = ArgoCD(make(LATER, "OutOfSync", "Failed"))
    argo.after(4.0, argo.succeed)
    result = start(argo).run()
    (at, _kind, body), = argo.patches  # fmt: skip
    assert sync.PATIENCE_SECONDS <= at < sync.PATIENCE_SECONDS + 0.5
    assert body["operation"] == {
        "initiatedBy": {"username": "bot_freqtrade.platform"},
        "sync": {"revision": LATER, "prune": True, "syncOptions": ["CreateNamespace=true"]},
    }
    assert body["metadata"] == {"resourceVersion": "7"}
    assert result["revision"] == LATER


def test_what_is_the_same_already_is_synced_at_once_after_a_failed_operation() -> None:
    argo = ArgoCD(make(LATER, "Synced", "Failed"))
    argo.after(0.2, argo.succeed)
    start(argo).run()
    assert [at for at, kind, body in argo.patches] == [0.0]


def test_a_change_by_argo_cd_in_between_is_read_again() -> None:
    argo = ArgoCD(make(LATER, "Synced", "Failed"))
    argo.conflicts = 2
    argo.after(1.0, argo.succeed)
    start(argo).run()
    assert len(argo.patches) == 1


def running(revision: str) -> Object:
    application = make(revision, "OutOfSync", "Running")
    application["operation"] = {"sync": {"revision": revision}}
    return application


def test_a_running_operation_for_another_revision_is_ended_before_a_restore() -> None:
    argo = ArgoCD(running(OLDER))

    def end() -> None:
        assert argo.application is not None
        assert argo.application["status"]["operationState"]["phase"] == "Terminating"
        del argo.application["operation"]
        argo.set_status(
            operationState={"phase": "Failed", "finishedAt": argo.time()}, sync={"status": "Synced"}
        )

    argo.after(1.0, end)
    argo.after(6.0, argo.succeed)
    start(argo, terminate_running=True).run()
    assert argo.patches_of("status") == [
        {"metadata": {"resourceVersion": "7"}, "status": {"operationState": {"phase": "Terminating"}}}
    ]
    assert [body["operation"]["sync"]["revision"] for body in argo.patches_of("operation")] == [LATER]


def test_a_requested_operation_for_another_revision_is_taken_back_before_a_restore() -> None:
    argo = ArgoCD(running(OLDER))
    argo.set_status(operationState={"phase": "Succeeded"})
    argo.after(1.0, argo.succeed)
    start(argo, terminate_running=True).run()
    assert argo.patches_of("operation")[0]["operation"] is None


@pytest.mark.parametrize(("revision", "terminate"), [(OLDER, False), (OURS, True), (LATER, True)])
def test_no_other_running_operation_is_ended(revision: str, terminate: bool) -> None:
    argo = ArgoCD(running(revision))
    argo.after(1.0, argo.succeed)
    argo.after(9.0, argo.succeed)
    start(argo, terminate_running=terminate).run()
    assert argo.patches_of("status") == []


def test_a_refused_manifest_fails_as_soon_as_argo_cd_has_compared() -> None:
    argo = ArgoCD(make(OLDER))
    argo.failure = "Error: values don't meet the specifications of the schema"
    with pytest.raises(PlatformError, match="don't meet the specifications") as caught:
        start(argo).run()
    assert caught.value.code == "manifest_refused"
    assert argo.now < 1


def test_an_old_error_is_not_taken_for_ours() -> None:
    argo = ArgoCD(make(OLDER))
    argo.set_status(
        sync={"status": "Unknown", "revision": "main"},
        conditions=[{"type": "ComparisonError", "message": "execution error at (x)"}],
    )
    argo.answers_refresh = False
    argo.after(3.0, argo.succeed)

    def answer() -> None:
        argo.answers_refresh = True

    argo.after(1.9, answer)
    assert start(argo).run()["revision"] == LATER


def test_an_operation_that_the_api_server_refuses_fails_at_once_though_argo_cd_would_retry() -> None:
    argo = ArgoCD(make(OLDER))
    message = 'Deployment.apps "x" is invalid: spec'
    result = {"revision": LATER, "resources": [{"status": "SyncFailed", "message": message}]}
    state = {"phase": "Running", "startedAt": "2026-01-01T10:00:01Z", "syncResult": result}
    argo.after(1.0, lambda: argo.set_status(operationState=state))
    with pytest.raises(PlatformError, match="is invalid: spec") as caught:
        start(argo).run()
    assert caught.value.code == "sync_refused"
    assert argo.now < 1.5


def test_a_repository_that_argo_cd_cannot_reach_is_waited_for_and_asked_for_past_the_cache() -> None:
    argo = ArgoCD(make(OLDER))
    argo.failure = "failed to list refs: repository not found"
    argo.after(7.0, argo.succeed)
    assert start(argo).run()["revision"] == LATER
    kinds = [body["metadata"]["annotations"][REFRESH] for body in argo.patches_of("annotations")]
    assert kinds == ["normal", "hard"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("failed to list refs: repository not found", "git_unreachable"),
        ("rpc error: code = Unavailable desc = connection refused", "argocd_unreachable"),
        ("something new", "sync_timeout"),
    ],
)
def test_what_argo_cd_could_not_see_fails_only_at_the_deadline(message: str, code: str) -> None:
    argo = ArgoCD(make(OLDER))
    argo.failure = message
    with pytest.raises(PlatformError) as caught:
        start(argo, 10).run()
    assert caught.value.code == code
    assert 10 <= argo.now < 10.5


def test_an_argo_cd_that_does_not_react_is_unreachable() -> None:
    argo = ArgoCD(make(OLDER))
    argo.answers_refresh = False
    with pytest.raises(PlatformError, match="did not react") as caught:
        start(argo, 10).run()
    assert caught.value.code == "argocd_unreachable"


def test_a_sync_that_does_not_end_is_a_timeout_and_our_operation_is_ended() -> None:
    argo = ArgoCD(make(LATER, "Synced", "Failed"))

    def begin() -> None:
        assert argo.application is not None
        argo.set_status(
            operationState={
                "phase": "Running",
                "operation": argo.application["operation"],
                "startedAt": argo.time(),
            }
        )

    argo.after(0.5, begin)
    with pytest.raises(PlatformError, match="still waiting for the sync") as caught:
        start(argo, 5).run()
    assert caught.value.code == "sync_timeout"
    assert argo.patches_of("status")[-1]["status"] == {"operationState": {"phase": "Terminating"}}


def test_an_operation_of_somebody_else_is_left_alone_at_the_deadline() -> None:
    argo = ArgoCD(running(LATER))
    with pytest.raises(PlatformError):
        start(argo, 5).run()
    assert argo.patches == []


def test_an_api_server_that_is_away_for_a_while_changes_nothing() -> None:
    argo = ArgoCD(make(OLDER))
    argo.outage = PlatformError("kubernetes_unreachable", "connection refused")

    def back() -> None:
        argo.outage = None

    argo.after(20.0, back)
    argo.after(21.0, argo.succeed)
    assert start(argo).run()["revision"] == LATER


def test_an_api_server_that_stays_away_is_unreachable_at_the_deadline() -> None:
    argo = ArgoCD(make(OLDER))
    argo.outage = PlatformError("kubernetes_unreachable", "connection refused")
    with pytest.raises(PlatformError, match="connection refused") as caught:
        start(argo, 10).run()
    assert caught.value.code == "kubernetes_unreachable"
    assert argo.now >= 10


def test_an_ancestry_that_git_cannot_answer_is_asked_again() -> None:
    argo = ArgoCD(make(LATER))

    def has(revision: str) -> bool:
        if argo.now < 3:
            raise PlatformError("git_unreachable", "no route")
        return contains(revision)

    assert start(argo, has=has).run()["revision"] == LATER


def test_an_ancestry_is_asked_for_once_per_revision() -> None:
    argo = ArgoCD(running(OLDER))
    argo.after(3.0, argo.succeed)
    argo.after(9.0, argo.succeed)
    asked = []

    def has(revision: str) -> bool:
        asked.append(revision)
        return contains(revision)

    start(argo, has=has).run()
    assert asked == [OLDER, LATER]


def test_wrong_options_fail_at_once() -> None:
    argo = ArgoCD(make(LATER))

    def has(revision: str) -> bool:
        raise PlatformError("usage", "not a commit")

    with pytest.raises(PlatformError, match="not a commit"):
        start(argo, has=has).run()
    assert argo.now == 0
