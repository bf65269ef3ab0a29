# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Whether a client's bot trades: a pure judgement of what the API server and the bot's log show."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES, Category
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import pods
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import Object
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.masking import mask

HEALTHY: t.Final = "healthy"
UNHEALTHY: t.Final = "unhealthy"
UNREACHABLE: t.Final = "unreachable"
STOPPED: t.Final = "stopped"

_DEFINITE: t.Final = ("strategy_not_loadable", "strategy_unknown", "exchange_key_refused", "config_invalid")
"""Codes of the image that another start would only repeat."""
_RAISES_SECONDS: t.Final = 5
"""A strategy may raise while its first candles come in."""
_SECRET_SECONDS: t.Final = 10
"""The kubelet may take a moment to see a Secret that has just been made."""
_CRASHES: t.Final = 2
"""The first crash may come from a database or a node that was away for a moment."""
_RECENT_SECONDS: t.Final = 60
"""An end that is longer ago says nothing about the container that runs since."""

_MISSING_SECRET: t.Final = re.compile(r'secret "([^"]+)" not found|key (\S+) in Secret')
_NO_SUCH_IMAGE: t.Final = re.compile(
    r"not found|manifest unknown|unauthorized|denied|forbidden|no basic auth|invalid reference|not present"
)
_PULL_REASONS: t.Final = ("ErrImagePull", "ImagePullBackOff")
_IMAGE_REASONS: t.Final = ("ErrImageNeverPull", "InvalidImageName", "ErrInvalidImageName")
_CONFIG_REASON: t.Final = "CreateContainerConfigError"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is known of the bot.

    :param verdict: ``healthy``, ``unhealthy``, ``unreachable`` (nothing may be concluded) or ``stopped``.
    :param reason: a code of the collection's errors; empty when healthy or stopped.
    :param text: one sentence for a person, without secrets.
    """

    verdict: str
    reason: str = ""
    text: str = ""


@dataclasses.dataclass(frozen=True)
class Observation:
    """One look at the bot.

    :param deployment: the bot's Deployment, or None when there is none.
    :param replica_sets: all of the client's bot.
    :param pods: all of the client's bot, also those that are ending.
    :param now: the clock of the API server.
    :param log: end of the log of the newest pod's container, with times; None when it could not be read.
    :param ready_for: seconds for which we have watched the newest pod being ready without a break.
    :param was_ready: whether a pod was seen ready before.
    """

    deployment: Object | None
    replica_sets: t.Sequence[Object]
    pods: t.Sequence[Object]
    now: datetime.datetime
    log: str | None = None
    ready_for: float = 0.0
    was_ready: bool = False

    @property
    def is_rolled_out(self) -> bool:
        """Whether the controller has seen the Deployment as it is now."""
        if self.deployment is None:
            return False
        seen: int = self.deployment.get("status", {}).get("observedGeneration", 0)
        return bool(seen >= self.deployment["metadata"]["generation"])

    @property
    def replicas(self) -> int:
        """How many bots are wanted."""
        return 0 if self.deployment is None else int(self.deployment["spec"].get("replicas", 1))

    @property
    def pod(self) -> Object | None:
        """The newest pod of the Deployment as it is now; an older one says nothing about it."""
        if self.deployment is None or not self.is_rolled_out:
            return None
        uid = self.deployment["metadata"]["uid"]
        own = [one for one in self.replica_sets if uid in pods.owners(one)]
        newest = max(own, key=_revision, default=None)
        if newest is None:
            return None
        uid = newest["metadata"]["uid"]
        found = [pod for pod in self.pods if pods.is_alive(pod) and uid in pods.owners(pod)]
        return max(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)


def judge(seen: Observation, stable_seconds: float) -> Verdict | None:
    """Return what is certain now, or None when more has to be seen.

    :param stable_seconds: how long a pod has to be ready without a break to be healthy.
    """
    if _is_stopped(seen):
        return Verdict(STOPPED)
    pod = seen.pod
    if pod is None:
        return None
    if pods.is_ready(pod):
        is_alone = not any(one is not pod and pods.is_occupied(one) for one in seen.pods)
        held = max(seen.ready_for, _seconds_since_ready(pod, seen.now))
        return Verdict(HEALTHY) if is_alone and held >= stable_seconds else None
    return _container_failure(pod, seen.now) or _probe_failure(seen)


def conclude(seen: Observation) -> Verdict:
    """Return what may be concluded when nothing certain was seen in time."""
    pod = seen.pod
    if pod is None:
        return Verdict(UNREACHABLE, "undecided", _why_no_pod(seen))
    if pods.is_ready(pod):
        return _blind("the bot is ready, not for long enough yet or not alone")
    for one in pods.containers(pod):
        if one.waiting.get("reason") in (*_PULL_REASONS, _CONFIG_REASON):
            return _blind(f"{one.waiting['reason']}: {one.waiting.get('message', '')}")
    bot, ended, probe = pods.bot(pod), pods.last_ended(pod), pods.probe(seen.log)
    if ended is not None and not ended.is_running:
        return _verdict(ended.end_code, ended.end_text)
    if not bot.is_running:
        return _blind(_why_not_started(pod))
    if probe is not None and probe.code in CODES:
        return _verdict(probe.code, probe.text)
    if seen.log is None:
        return Verdict(UNREACHABLE, "kubernetes_unreachable", "the bot's log cannot be read")
    if seen.was_ready:
        return _verdict("bot_unstable", "the bot became ready and did not stay so")
    return _verdict("bot_not_ready", "the bot runs and is not ready")


def _container_failure(pod: Object, now: datetime.datetime) -> Verdict | None:
    for one in pods.containers(pod):
        failure = _waiting_failure(pod, one, now) or _end_failure(one, now)
        if failure is not None:
            return failure
    return None


def _waiting_failure(pod: Object, container: pods.Container, now: datetime.datetime) -> Verdict | None:
    reason, message = container.waiting.get("reason", ""), container.waiting.get("message", "")
    if reason in _IMAGE_REASONS or (reason in _PULL_REASONS and _NO_SUCH_IMAGE.search(message)):
        return _verdict("image_unavailable", f"{reason}: {message}")
    age = (now - pods.parse_time(pod["metadata"]["creationTimestamp"])).total_seconds()
    missing = _MISSING_SECRET.search(message) if reason == _CONFIG_REASON else None
    if missing and age >= _SECRET_SECONDS and (missing[1] or missing[2]) in pods.exchange_references(pod):
        return _verdict("exchange_secret_missing", message)
    return None


def _end_failure(container: pods.Container, now: datetime.datetime) -> Verdict | None:
    """Judge a container by how it ended, as soon as the code or the repetition leaves no doubt."""
    code = container.end_code
    if container.end is None or CODES[code] is Category.UNDECIDED:
        return None
    finished = container.end.get("finishedAt")
    if (
        container.is_running
        and finished
        and (now - pods.parse_time(finished)).total_seconds() > _RECENT_SECONDS
    ):
        return None
    if code in _DEFINITE or container.crashes >= _CRASHES:
        return _verdict(code, container.end_text)
    return None


def _probe_failure(seen: Observation) -> Verdict | None:
    probe = pods.probe(seen.log)
    if probe is None:
        return None
    seconds = (seen.now - probe.since).total_seconds()
    if probe.code in _DEFINITE or (probe.code == "strategy_raises" and seconds >= _RAISES_SECONDS):
        return _verdict(probe.code, probe.text)
    return None


def _verdict(code: str, text: str) -> Verdict:
    is_blind = CODES[code] is Category.UNDECIDED
    return Verdict(UNREACHABLE if is_blind else UNHEALTHY, code, mask(text))


def _blind(text: str) -> Verdict:
    return _verdict("undecided", text)


def _is_stopped(seen: Observation) -> bool:
    """Tell whether no bot is wanted and none is left, not even one that is ending."""
    is_wanted_so = seen.deployment is None or (seen.replicas == 0 and seen.is_rolled_out)
    return is_wanted_so and not any(pods.is_occupied(pod) for pod in seen.pods)


def _why_no_pod(seen: Observation) -> str:
    if seen.deployment is None:
        return "there is no Deployment"
    if not seen.is_rolled_out:
        return "the Deployment has not been seen by its controller"
    if seen.replicas == 0:
        return "the Deployment wants no bot, and the last one is still ending"
    failure = pods.condition(seen.deployment, "ReplicaFailure")
    return mask(f"no pod was made: {failure.get('message', 'an older one is still ending')}")


def _why_not_started(pod: Object) -> str:
    scheduled = pods.condition(pod, "PodScheduled")
    return f"the container was not started. {scheduled.get('message', '')}".strip()


def _seconds_since_ready(pod: Object, now: datetime.datetime) -> float:
    """Return how long the pod has been ready at least: both times are cut to the second."""
    since = pods.parse_time(pods.condition(pod, "Ready")["lastTransitionTime"])
    return (now - since).total_seconds() - 1


def _revision(replica_set: Object) -> int:
    annotations = replica_set["metadata"].get("annotations", {})
    return int(annotations.get("deployment.kubernetes.io/revision", 0))


__all__ = (
    "HEALTHY",
    "STOPPED",
    "UNHEALTHY",
    "UNREACHABLE",
    "Observation",
    "Verdict",
    "conclude",
    "judge",
)
