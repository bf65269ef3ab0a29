# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category, PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    Cluster,
    Resource,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.polling import Stopwatch
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.watch import HealthWatch
from ansible_collections.bot_freqtrade.platform.tests.support.bot_objects import (
    NOW,
    Object,
    container,
    deployment,
    ended,
    pod,
    probe_line,
    ready_pod,
    replica_set,
    waiting,
)

AWAY = PlatformError("kubernetes_unreachable", "connection refused")
STARTING = pod(container())


class Kubernetes:
    """An API server whose answers change while the other side sleeps."""

    def __init__(self, *states: tuple[float, list[Object] | PlatformError], replicas: int = 1) -> None:
        self.states = list(states)
        self.deployment = deployment(replicas=replicas)
        self.logs: dict[tuple[str, bool], str | PlatformError] = {}
        self.log_reads = 0
        self.now = 0.0

    @property
    def server_time(self) -> datetime.datetime:
        return NOW + datetime.timedelta(seconds=int(self.now))

    def limit(self, deadline: float | None) -> None:
        """Accept a deadline: no request takes any time here."""

    def list(self, resource: Resource, namespace: str, *, labels: str) -> list[Object]:
        assert namespace == "cliente-001"
        assert labels == "app.kubernetes.io/instance=cliente-001,app.kubernetes.io/component=trade"
        current = [state for since, state in self.states if since <= self.now][-1]
        if isinstance(current, PlatformError):
            raise current
        return {DEPLOYMENTS: [self.deployment], REPLICA_SETS: [replica_set()], PODS: current}[resource]

    def log(self, namespace: str, name: str, container: str, *, lines: int, previous: bool) -> str:
        self.log_reads += 1
        found = self.logs.get((container, previous), "")
        if isinstance(found, PlatformError):
            raise found
        return found

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def start(kubernetes: Kubernetes, timeout: float = 60, stable_seconds: float = 5) -> HealthWatch:
    stopwatch = Stopwatch(timeout, clock=kubernetes.clock, sleep=kubernetes.sleep)
    return HealthWatch(
        t.cast(Cluster, kubernetes),
        "cliente-001",
        "cliente-001",
        stopwatch,
        stable_seconds=stable_seconds,
        log_lines=2,
    )


def failure_of(watch: HealthWatch, expected: str = "healthy") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        watch.run(expected)
    return caught.value


def test_a_bot_that_becomes_ready_and_stays_so_is_healthy() -> None:
    kubernetes = Kubernetes((0, []), (2, [STARTING]), (8, [ready_pod(-8)]))
    kubernetes.logs["freqtrade", False] = "T one\nT two\nT three\n"
    report = start(kubernetes).run("healthy")
    assert report["verdict"] == "healthy"
    assert report["reason"] == ""
    assert report["log_tail"] == ["two", "three"]
    assert report["pod"] == {
        "name": "cliente-001-freqtrade-p",
        "uid": "p",
        "ready_since": "2026-01-01T10:00:08Z",
        "restart_count": 0,
        "image": "freqtrade-platform:2026.9",
        "image_digest": "sha256:" + "0" * 64,
    }
    assert report["exit"] == {}
    assert 13 <= report["seconds"] <= 13.5


def test_a_bot_that_has_been_ready_for_long_is_healthy_at_the_first_look() -> None:
    report = start(Kubernetes((0, [ready_pod(60)]))).run("healthy")
    assert report["seconds"] == 0


@pytest.mark.parametrize(
    ("again", "transition"),
    [
        (ready_pod(), "2026-01-01T10:00:09Z"),
        (ready_pod(uid="q"), "2026-01-01T10:00:08Z"),
        (pod(container(ready=True, restarts=1), ready_since=60), "2026-01-01T10:00:08Z"),
    ],
    ids=["another time", "another pod", "another container"],
)
def test_a_break_begins_the_window_again(again: Object, transition: str) -> None:
    again["status"]["conditions"][0]["lastTransitionTime"] = transition
    first = ready_pod()
    first["status"]["conditions"][0]["lastTransitionTime"] = "2026-01-01T10:00:08Z"  # its clock is ahead
    kubernetes = Kubernetes((0, [first]), (4, [again]))
    report = start(kubernetes).run("healthy")
    assert 9 <= report["seconds"] <= 9.5


def test_a_bot_that_crashes_with_a_definite_code_fails_at_once_with_the_log_of_the_crash() -> None:
    crashed = pod(container(last=ended(2, "strategy_not_loadable"), restarts=1))
    kubernetes = Kubernetes((0, [STARTING]), (3, [crashed]))
    kubernetes.logs = {
        ("freqtrade", False): "T new\n",
        ("freqtrade", True): "T password=hunter2\nT ImportError\n",
    }
    error = failure_of(start(kubernetes))
    assert (error.code, error.category) == ("strategy_not_loadable", Category.UNHEALTHY)
    assert error.message == "The bot of cliente-001 is not healthy: freqtrade ended with 2 (Error)"
    assert error.details["log_tail"] == ["password=***", "ImportError"]
    assert error.details["exit"] == {"code": 2, "reason": "strategy_not_loadable"}
    assert error.details["pod"]["restart_count"] == 1
    assert kubernetes.now < 3.5


def test_a_failed_preparation_is_explained_by_its_own_log() -> None:
    init = container(name="init-schema", state=waiting("CrashLoopBackOff"), last=ended(1, "database_refused"))
    kubernetes = Kubernetes((0, [pod(container(state=waiting("PodInitializing")), init=[init])]))
    kubernetes.logs["init-schema", False] = "T init-schema: database_refused no USAGE\n"
    error = failure_of(start(kubernetes, timeout=3))
    assert (error.code, error.category) == ("database_refused", Category.UNDECIDED)
    assert error.details["log_tail"] == ["init-schema: database_refused no USAGE"]


def test_a_strategy_that_raises_fails_after_some_seconds() -> None:
    kubernetes = Kubernetes((0, [STARTING]))
    kubernetes.logs["freqtrade", False] = probe_line("strategy_raises", 0, "BTC/USDT")
    assert failure_of(start(kubernetes)).code == "strategy_raises"
    assert 5 <= kubernetes.now <= 7
    assert kubernetes.log_reads <= 8


def test_an_exchange_that_is_away_is_blind_and_only_at_the_deadline() -> None:
    kubernetes = Kubernetes((0, [STARTING]))
    kubernetes.logs["freqtrade", False] = probe_line("exchange_unavailable", 0, "HTTP 503")
    error = failure_of(start(kubernetes))
    assert (error.code, error.category) == ("exchange_unavailable", Category.UNDECIDED)
    assert error.details["verdict"] == "unreachable"
    assert kubernetes.now >= 60


def test_an_exchange_that_comes_back_in_time_is_forgotten() -> None:
    crashed = pod(
        container(state=waiting("CrashLoopBackOff"), last=ended(2, "exchange_unavailable"), restarts=4)
    )
    kubernetes = Kubernetes((0, [crashed]), (30, [ready_pod(-30)]))
    assert start(kubernetes).run("healthy")["verdict"] == "healthy"


def test_an_api_server_that_is_away_in_the_middle_changes_nothing() -> None:
    kubernetes = Kubernetes((0, [STARTING]), (2, AWAY), (50, [ready_pod(-4)]))
    assert start(kubernetes).run("healthy")["verdict"] == "healthy"


@pytest.mark.parametrize("expected", ["healthy", "stopped"])
def test_an_api_server_that_is_away_at_the_deadline_is_blind(expected: str) -> None:
    error = failure_of(start(Kubernetes((0, [STARTING]), (2, AWAY))), expected)
    assert (error.code, error.category) == ("kubernetes_unreachable", Category.UNDECIDED)
    assert error.details["pod"] == {}


def test_a_bot_that_is_ready_at_the_deadline_is_watched_to_the_end_of_its_window() -> None:
    kubernetes = Kubernetes((0, [STARTING]), (58, [ready_pod(-58)]))
    assert start(kubernetes).run("healthy")["verdict"] == "healthy"
    assert kubernetes.now > 60


def test_a_bot_that_loses_its_readiness_is_unstable_at_the_deadline() -> None:
    kubernetes = Kubernetes((0, [STARTING]), (50, [ready_pod(-50)]), (53, [STARTING]))
    assert failure_of(start(kubernetes)).code == "bot_unstable"


def test_a_second_bot_that_does_not_go_is_no_reason_to_watch_for_ever() -> None:
    old = ready_pod(revision=1, is_ending=True, uid="old")
    kubernetes = Kubernetes((0, [ready_pod(60), old]))
    error = failure_of(start(kubernetes))
    assert (error.code, error.category) == ("undecided", Category.UNDECIDED)
    assert 60 <= kubernetes.now <= 67


def test_a_bot_that_ends_is_stopped_when_the_pod_is_gone() -> None:
    kubernetes = Kubernetes((0, [ready_pod()]), (1, [ready_pod(is_ending=True)]), (4, []), replicas=0)
    report = start(kubernetes).run("stopped")
    assert (report["verdict"], report["pod"]) == ("stopped", {})
    assert kubernetes.now == 4


@pytest.mark.parametrize(
    "left", [ready_pod(), pod(container(state=ended(1), restarts=9)), ready_pod(is_ending=True)]
)
def test_a_bot_that_does_not_end_is_not_stopped_at_the_deadline(left: Object) -> None:
    kubernetes = Kubernetes((0, [left]), replicas=0)
    error = failure_of(start(kubernetes), "stopped")
    assert (error.code, error.category) == ("bot_not_stopped", Category.UNDECIDED)
    assert kubernetes.now >= 60


def test_a_bot_that_is_not_wanted_is_not_taken_for_unhealthy() -> None:
    error = failure_of(start(Kubernetes((0, []), replicas=0)))
    assert (error.code, error.category) == ("undecided", Category.UNDECIDED)


@pytest.mark.parametrize(
    ("state", "verdict", "reason"),
    [
        ([ready_pod(60)], "healthy", ""),
        ([STARTING], "unhealthy", "bot_not_ready"),
        ([pod(container(state=ended(2, "config_invalid")))], "unhealthy", "config_invalid"),
        ([], "unreachable", "undecided"),
        (AWAY, "unreachable", "kubernetes_unreachable"),
    ],
)
def test_a_look_reports_and_never_fails(
    state: list[Object] | PlatformError, verdict: str, reason: str
) -> None:
    report = start(Kubernetes((0, state))).look()
    assert (report["verdict"], report["reason"]) == (verdict, reason)


def test_a_log_that_cannot_be_read_leaves_the_report_without_one() -> None:
    kubernetes = Kubernetes((0, [ready_pod(60)]))
    kubernetes.logs["freqtrade", False] = AWAY
    assert start(kubernetes).run("healthy")["log_tail"] == []
