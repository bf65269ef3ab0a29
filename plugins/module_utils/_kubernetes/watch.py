# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Watch a client's bot until it is as expected, or is known not to become so."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import pods
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    Cluster,
    Object,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.health import (
    HEALTHY,
    STOPPED,
    UNHEALTHY,
    UNREACHABLE,
    Observation,
    Verdict,
    conclude,
    judge,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.polling import Stopwatch

POLL_SECONDS: t.Final = 0.25
LOG_SECONDS: t.Final = 1.0
"""How often the log of a bot that is not ready is read for what its probe says."""
_LOG_LINES: t.Final = 200


class HealthWatch:
    """One wait for the bot of a client.

    :param namespace: the client's namespace.
    :param application: the client's Application, which the labels of its objects name.
    :param stable_seconds: how long a pod has to be ready without a break to be healthy.
    :param log_lines: lines of the log for the report.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        application: str,
        stopwatch: Stopwatch,
        *,
        stable_seconds: float,
        log_lines: int,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._labels = f"app.kubernetes.io/instance={application},app.kubernetes.io/component=trade"
        self._watch = stopwatch
        self._stable_seconds = stable_seconds
        self._log_lines = log_lines
        self._streak: tuple[object, ...] | None = None
        self._streak_start = 0.0
        self._was_ready = False
        self._log: tuple[str, float, str | None] = ("", 0.0, None)

    def look(self) -> Object:
        """Report the bot as it is now; what cannot be seen is the verdict ``unreachable``."""
        seen = self._observe()
        if isinstance(seen, Verdict):
            return self._report(seen, seen)
        return self._report(judge(seen, self._stable_seconds) or conclude(seen), seen)

    def run(self, expected: str) -> Object:
        """Wait until the bot is ``healthy`` or ``stopped``, as expected, and report it.

        Raise the reason of the verdict as soon as the bot is known not to get there, and at the deadline;
        ``bot_not_stopped`` for one that goes on. A bot that is ready at the deadline is watched until its
        window is over.
        """
        self._cluster.limit(self._watch.deadline + self._stable_seconds + 1)
        while True:
            seen = self._observe()
            verdict = seen if isinstance(seen, Verdict) else judge(seen, self._stable_seconds)
            if verdict is not None and verdict.verdict == expected:
                return self._report(verdict, seen)
            is_hopeless = verdict is not None and verdict.verdict == UNHEALTHY and expected == HEALTHY
            if is_hopeless or self._is_over(seen, expected):
                raise self._error(verdict, seen, expected)
            self._watch.pause(POLL_SECONDS)

    def _is_over(self, seen: Observation | Verdict, expected: str) -> bool:
        pod = seen.pod if isinstance(seen, Observation) else None
        if expected == HEALTHY and pod is not None and pods.is_ready(pod):
            return self._watch.elapsed >= self._watch.seconds + self._stable_seconds + 1
        return self._watch.is_over

    def _observe(self) -> Observation | Verdict:
        """Look once; an API server that does not answer makes the bot unreachable."""
        try:
            deployments, replica_sets, found = (
                self._cluster.list(resource, self._namespace, labels=self._labels)
                for resource in (DEPLOYMENTS, REPLICA_SETS, PODS)
            )
        except PlatformError as error:
            return Verdict(UNREACHABLE, error.code, error.message)
        now = self._cluster.server_time or datetime.datetime.now(datetime.UTC)
        seen = Observation(next(iter(deployments), None), replica_sets, found, now)
        ready_for = self._follow(seen.pod)
        self._was_ready = self._was_ready or self._streak is not None
        log = None if seen.pod is None or self._streak is not None else self._read_log(seen.pod)
        return dataclasses.replace(seen, log=log, ready_for=ready_for, was_ready=self._was_ready)

    def _follow(self, pod: Object | None) -> float:
        """Return for how long the same container of the same pod was seen ready, by our own clock."""
        now = self._watch.elapsed
        streak = None
        if pod is not None and pods.is_ready(pod):
            since = pods.condition(pod, "Ready").get("lastTransitionTime")
            streak = (pod["metadata"]["uid"], pods.bot(pod).restarts, since)
        if streak != self._streak:
            self._streak, self._streak_start = streak, now
        return now - self._streak_start if streak is not None else 0.0

    def _read_log(self, pod: Object) -> str | None:
        """Return the end of the running container's log, read again from time to time."""
        if not pods.bot(pod).is_running:
            return None
        key = f"{pod['metadata']['uid']} {pods.bot(pod).restarts}"
        name, read_at, log = self._log
        if name != key or log is None or self._watch.elapsed - read_at >= LOG_SECONDS:
            with contextlib.suppress(PlatformError):
                log = self._fetch_log(pod, pods.CONTAINER)
            self._log = (key, self._watch.elapsed, log)
        return log

    def _fetch_log(self, pod: Object, container: str, previous: bool = False) -> str:
        name, lines = pod["metadata"]["name"], max(_LOG_LINES, self._log_lines)
        return self._cluster.log(self._namespace, name, container, lines=lines, previous=previous)

    def _error(self, verdict: Verdict | None, seen: Observation | Verdict, expected: str) -> PlatformError:
        if isinstance(seen, Observation) and (verdict is None or verdict.verdict != UNHEALTHY):
            verdict = conclude(seen)
        verdict = verdict or Verdict(UNREACHABLE, "undecided")
        code, why = verdict.reason, verdict.text
        if expected == STOPPED and isinstance(seen, Observation):
            code, why = "bot_not_stopped", f"{len(seen.pods)} pods are left, {seen.replicas} are wanted"
        text = f"The bot of {self._namespace} is not {expected}: {why}"
        return PlatformError(code, text, **self._report(verdict, seen))

    def _report(self, verdict: Verdict, seen: Observation | Verdict) -> Object:
        pod = seen.pod if isinstance(seen, Observation) else None
        log = None
        if pod is not None and self._log_lines > 0:
            container, previous = self._container_to_show(pod, verdict)
            with contextlib.suppress(PlatformError):
                log = self._fetch_log(pod, container, previous)
        return {
            "verdict": verdict.verdict,
            "reason": verdict.reason,
            "pod": pods.describe_pod(pod),
            "exit": {} if pod is None else pods.describe_exit(pod),
            "log_tail": pods.describe_log(log, self._log_lines),
            "seconds": round(self._watch.elapsed, 2),
        }

    @staticmethod
    def _container_to_show(pod: Object, verdict: Verdict) -> tuple[str, bool]:
        """Return the container whose log explains the verdict, and whether that is of its last run."""
        ended = pods.last_ended(pod)
        if ended is None or verdict.verdict == HEALTHY:
            return pods.CONTAINER, False
        return ended.name, ended.is_running and verdict.reason == ended.end_code


__all__ = ("HealthWatch",)
