# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import health
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.health import (
    Observation,
    Verdict,
)
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


def observe(*pods: Object, **options: t.Any) -> Observation:
    given: dict[str, t.Any] = {
        "deployment": deployment(),
        "replica_sets": [replica_set(1), replica_set(2)],
        "pods": pods,
        "now": NOW,
        **options,
    }
    return Observation(**given)


def verdict_of(seen: Observation, stable_seconds: float = 10) -> tuple[str, str] | None:
    verdict = health.judge(seen, stable_seconds)
    return None if verdict is None else (verdict.verdict, verdict.reason)


def conclusion_of(seen: Observation) -> tuple[str, str]:
    verdict = health.conclude(seen)
    return verdict.verdict, verdict.reason


def test_a_pod_that_has_been_ready_for_long_enough_is_healthy() -> None:
    assert health.judge(observe(ready_pod(60)), 10) == Verdict("healthy")


@pytest.mark.parametrize(
    ("ready_since", "watched", "verdict"),
    [
        (10, 0.0, None),  # both times are cut to the second: it may have been 9.1 s
        (11, 0.0, ("healthy", "")),
        (0, 10.0, ("healthy", "")),  # the kubelet's clock is ahead of ours
        (0, 9.9, None),
        (-3, 0.0, None),
    ],
)
def test_readiness_has_to_hold_for_the_whole_window(
    ready_since: float, watched: float, verdict: tuple[str, str] | None
) -> None:
    assert verdict_of(observe(ready_pod(ready_since), ready_for=watched)) == verdict


def test_a_window_of_no_seconds_is_over_at_the_first_look() -> None:
    assert verdict_of(observe(ready_pod(0), ready_for=0.0), 0) == ("healthy", "")


@pytest.mark.parametrize(
    "one",
    [
        pod(ready_since=60),
        pod(container(), ready_since=60),
        pod(container(ready=True)),
        pod(container(ready=True), container(name="other"), ready_since=60),
        ready_pod(is_ending=True),
        ready_pod(phase="Failed"),
    ],
    ids=["no container", "container not ready", "pod not ready", "one of two", "ending", "evicted"],
)
def test_a_pod_that_is_not_wholly_ready_is_not_healthy(one: Object) -> None:
    assert verdict_of(observe(one)) is None


@pytest.mark.parametrize(
    ("pods", "options"),
    [
        ([ready_pod(revision=1)], {}),
        ([ready_pod()], {"deployment": deployment(generation=4)}),
        ([ready_pod()], {"replica_sets": []}),
        ([ready_pod()], {"replica_sets": [replica_set(2, owner="another")]}),
    ],
    ids=["pod of before", "rollout not seen", "no replica set", "replica set of another"],
)
def test_a_pod_of_another_rollout_says_nothing(pods: list[Object], options: dict[str, t.Any]) -> None:
    assert verdict_of(observe(*pods, **options)) is None


def test_a_rollout_back_to_an_older_replica_set_looks_at_its_pods() -> None:
    again = replica_set(1)
    again["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "10"
    seen = observe(ready_pod(revision=1), replica_sets=[again, replica_set(9)])
    assert verdict_of(seen) == ("healthy", "")


def test_two_bots_at_once_are_not_healthy() -> None:
    assert verdict_of(observe(ready_pod(), ready_pod(revision=1, is_ending=True, uid="old"))) is None


def test_an_evicted_pod_beside_the_bot_does_no_harm() -> None:
    assert verdict_of(observe(ready_pod(), pod(phase="Failed", uid="evicted"))) == ("healthy", "")


@pytest.mark.parametrize(
    ("found", "options", "verdict"),
    [
        ([], {"deployment": None}, ("stopped", "")),
        ([], {"deployment": deployment(replicas=0)}, ("stopped", "")),
        ([pod(phase="Failed")], {"deployment": deployment(replicas=0)}, ("stopped", "")),
        ([ready_pod()], {"deployment": None}, None),
        ([ready_pod(is_ending=True)], {"deployment": deployment(replicas=0)}, None),
        ([], {"deployment": deployment(replicas=0, generation=4)}, None),
        ([], {}, None),
    ],
    ids=["nothing", "no replicas", "evicted", "orphan", "ending", "rollout not seen", "wanted"],
)
def test_stopped_means_that_none_is_wanted_and_none_is_left(
    found: list[Object], options: dict[str, t.Any], verdict: tuple[str, str] | None
) -> None:
    assert verdict_of(observe(*found, **options)) == verdict


DOWN = waiting("CrashLoopBackOff")
ENDS = [
    # code of the image, restarts, is down, known at once
    ("strategy_not_loadable", 0, True, True),
    ("strategy_not_loadable", 1, False, True),
    ("exchange_key_refused", 0, True, True),
    ("config_invalid", 0, True, True),
    ("bot_crashed", 0, True, False),
    ("bot_crashed", 1, False, False),
    ("bot_crashed", 1, True, True),
    ("bot_crashed", 2, False, True),
    ("exchange_unavailable", 0, True, False),
    ("exchange_unavailable", 5, True, False),
    ("database_unreachable", 5, True, False),
    ("database_refused", 5, True, False),
]


@pytest.mark.parametrize(("code", "restarts", "is_down", "is_known"), ENDS)
def test_an_end_is_judged_when_code_or_repetition_leave_no_doubt(
    code: str, restarts: int, is_down: bool, is_known: bool
) -> None:
    one = container(state=DOWN if is_down else None, last=ended(2, code), restarts=restarts)
    assert verdict_of(observe(pod(one))) == (("unhealthy", code) if is_known else None)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (ended(1), "bot_crashed"),
        (ended(0, reason="Completed"), "bot_crashed"),
        (ended(137, reason="OOMKilled"), "out_of_memory"),
        (ended(1, "a_code_of_tomorrow"), "bot_crashed"),
        ({"terminated": {"exitCode": 1, "message": "no json", "finishedAt": None}}, "bot_crashed"),
        ({"terminated": {"exitCode": 1, "message": "[1]"}}, "bot_crashed"),
    ],
)
def test_an_end_without_a_code_of_the_image_is_a_crash(end: Object, code: str) -> None:
    assert verdict_of(observe(pod(container(state=end, restarts=1)))) == ("unhealthy", code)


def test_a_preparation_that_fails_is_judged_like_the_bot() -> None:
    init = container(name="init-schema", state=DOWN, last=ended(1, "database_unreachable"), restarts=4)
    seen = observe(pod(container(state=waiting("PodInitializing")), init=[init]))
    assert verdict_of(seen) is None
    assert conclusion_of(seen) == ("unreachable", "database_unreachable")


def test_a_preparation_that_ended_well_is_no_crash() -> None:
    init = container(name="init-schema", state=ended(0, reason="Completed"), restarts=2)
    assert verdict_of(observe(pod(container(), init=[init]))) is None


def test_crashes_of_long_ago_say_nothing_of_the_bot_that_runs() -> None:
    one = container(last=ended(1, "bot_crashed", ago=3600), restarts=5)
    seen = observe(pod(one), log=probe_line("exchange_unavailable"))
    assert verdict_of(seen) is None
    assert conclusion_of(seen) == ("unreachable", "exchange_unavailable")


@pytest.mark.parametrize(
    ("code", "ago", "verdict"),
    [
        ("strategy_raises", 4, None),
        ("strategy_raises", 6, ("unhealthy", "strategy_raises")),
        ("exchange_key_refused", 0, ("unhealthy", "exchange_key_refused")),
        ("bot_not_ready", 60, None),
        ("exchange_unavailable", 60, None),
        ("database_unreachable", 60, None),
        ("healthy", 60, None),
        ("a_code_of_tomorrow", 60, None),
    ],
)
def test_what_the_probe_says_is_judged(code: str, ago: float, verdict: tuple[str, str] | None) -> None:
    assert verdict_of(observe(pod(container()), log=probe_line(code, ago))) == verdict


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        (["strategy_raises", "healthy"], None),
        (["strategy_raises", "bot_not_ready"], None),
        (["bot_not_ready", "strategy_raises"], ("unhealthy", "strategy_raises")),
    ],
)
def test_only_the_last_word_of_the_probe_counts(codes: list[str], verdict: tuple[str, str] | None) -> None:
    log = probe_line(codes[0], 60) + "2026-01-01T09:59:00Z a line of the bot\n" + probe_line(codes[1], 8)
    assert verdict_of(observe(pod(container()), log=log)) == verdict


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("strategy_raises", "unhealthy"),
        ("bot_not_ready", "unhealthy"),
        ("exchange_unavailable", "unreachable"),
        ("database_unreachable", "unreachable"),
    ],
)
def test_at_the_deadline_the_probe_has_the_word(code: str, verdict: str) -> None:
    assert conclusion_of(observe(pod(container()), log=probe_line(code, 1))) == (verdict, code)


@pytest.mark.parametrize(
    ("reason", "message", "verdict"),
    [
        ("ErrImageNeverPull", 'Container image "x" is not present', ("unhealthy", "image_unavailable")),
        ("InvalidImageName", "x", ("unhealthy", "image_unavailable")),
        ("ErrImagePull", "code = NotFound desc = x: not found", ("unhealthy", "image_unavailable")),
        ("ImagePullBackOff", 'Back-off pulling image "x": unauthorized', ("unhealthy", "image_unavailable")),
        ("ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout", None),
        ("ImagePullBackOff", 'Back-off pulling image "x"', None),
        ("ContainerCreating", "", None),
    ],
)
def test_an_image_that_is_not_there_is_told_from_a_registry_that_is_not(
    reason: str, message: str, verdict: tuple[str, str] | None
) -> None:
    seen = observe(pod(container(state=waiting(reason, message))))
    assert verdict_of(seen) == verdict
    if verdict is None:
        assert conclusion_of(seen) == ("unreachable", "undecided")


@pytest.mark.parametrize(
    ("message", "created", "verdict"),
    [
        ('secret "cliente-001-exchange-7" not found', 11, ("unhealthy", "exchange_secret_missing")),
        ("couldn't find key BINANCE_API_KEY in Secret c/x", 11, ("unhealthy", "exchange_secret_missing")),
        ('secret "cliente-001-exchange-7" not found', 5, None),
        ('secret "cliente-001-database" not found', 600, None),
        ("failed to sync secret cache: timed out", 600, None),
    ],
)
def test_a_missing_secret_of_the_exchange_is_told_from_one_of_the_platform(
    message: str, created: float, verdict: tuple[str, str] | None
) -> None:
    one = container(state=waiting("CreateContainerConfigError", message))
    seen = observe(pod(one, created=created))
    assert verdict_of(seen) == verdict
    if verdict is None:
        assert conclusion_of(seen) == ("unreachable", "undecided")


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (observe(deployment=None), ("unreachable", "undecided")),
        (observe(deployment=deployment(generation=4)), ("unreachable", "undecided")),
        (observe(deployment=deployment(replicas=0)), ("unreachable", "undecided")),
        (observe(), ("unreachable", "undecided")),
        (observe(ready_pod(1)), ("unreachable", "undecided")),
        (observe(pod()), ("unreachable", "undecided")),
        (observe(pod(container(state=waiting("ContainerCreating")))), ("unreachable", "undecided")),
        (observe(pod(container()), log=""), ("unhealthy", "bot_not_ready")),
        (observe(pod(container()), log=None), ("unreachable", "kubernetes_unreachable")),
        (observe(pod(container()), log="", was_ready=True), ("unhealthy", "bot_unstable")),
        (observe(pod(container(state=ended(1)))), ("unhealthy", "bot_crashed")),
        (
            observe(pod(container(state=ended(2, "exchange_unavailable")))),
            ("unreachable", "exchange_unavailable"),
        ),
    ],
)
def test_at_the_deadline_only_what_was_seen_is_concluded(seen: Observation, verdict: tuple[str, str]) -> None:
    assert conclusion_of(seen) == verdict


FIXTURES = pathlib.Path(__file__).parent / "fixtures"


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("ready", ("healthy", "")),
        ("crash", ("unhealthy", "bot_crashed")),
        ("typed", ("unhealthy", "strategy_not_loadable")),
        ("secret", ("unhealthy", "exchange_secret_missing")),
        ("noimage", None),
        ("raises", None),
    ],
)
def test_a_pod_that_a_kubelet_wrote_is_understood(name: str, verdict: tuple[str, str] | None) -> None:
    found = json.loads((FIXTURES / f"pod-{name}.json").read_text())
    own = replica_set(2)
    own["metadata"]["uid"] = found["metadata"]["ownerReferences"][0]["uid"]
    later = datetime.datetime.fromisoformat(found["metadata"]["creationTimestamp"]) + datetime.timedelta(
        minutes=1
    )
    assert verdict_of(observe(found, replica_sets=[own], now=later)) == verdict


def test_why_no_pod_was_made_is_told() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": "forbidden: exceeded quota"}
    assert "exceeded quota" in health.conclude(observe(deployment=deployment(conditions=[failure]))).text


@pytest.mark.parametrize(
    "seen",
    [
        observe(pod(container()), log=probe_line("exchange_key_refused", 1, "postgresql://u:hunter2@h/d")),
        observe(pod(container(state=waiting("ErrImagePull", 'Head "https://u:hunter2@h/v2": not found')))),
    ],
)
def test_a_verdict_shows_no_secret(seen: Observation) -> None:
    verdict = health.judge(seen, 10)
    assert verdict is not None
    assert "***@h/" in verdict.text
    assert "hunter2" not in verdict.text
