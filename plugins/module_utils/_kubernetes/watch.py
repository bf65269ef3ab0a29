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


@dataclasses.dataclass(frozen=True)
class Report:
    """The verdict and what it rests on."""

    verdict: Verdict
    pod: Object
    exit: Object
    log_tail: list[str]

    def as_dict(self) -> Object:
        return {
            "verdict": self.verdict.verdict,
            "reason": self.verdict.reason,
            "pod": self.pod,
            "exit": self.exit,
            "log_tail": self.log_tail,
        }


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

    def look(self) -> Report:
        """Report the bot as it is now; what cannot be seen is the verdict ``unreachable``."""
        try:
            seen = self._observe()
        except PlatformError as error:
            return Report(Verdict(UNREACHABLE, error.code, error.message), {}, {}, [])
        return self._report(judge(seen, self._stable_seconds) or conclude(seen), seen)

    def run(self, expected: str) -> Report:
        """Wait until the bot is ``healthy`` or ``stopped``, as expected.

        Return the report of the verdict, which is another one when the bot is known not to get there or
        did not in time. A bot that is ready at the deadline is watched until its window is over.
        """
        self._cluster.limit(self._watch.deadline + self._stable_seconds + 1)
        while True:
            seen, blind = self._try_to_observe()
            verdict = judge(seen, self._stable_seconds) if seen is not None else None
            if seen is not None and verdict is not None and self._is_final(verdict, expected):
                return self._report(verdict, seen)
            if self._is_over(seen, expected):
                if seen is None:
                    return Report(Verdict(UNREACHABLE, *blind), {}, {}, [])
                return self._report(conclude(seen), seen)
            self._watch.pause(POLL_SECONDS)

    @staticmethod
    def _is_final(verdict: Verdict, expected: str) -> bool:
        return verdict.verdict == expected or (expected == HEALTHY and verdict.verdict == UNHEALTHY)

    def _is_over(self, seen: Observation | None, expected: str) -> bool:
        if expected == HEALTHY and seen is not None and seen.pod is not None and pods.is_ready(seen.pod):
            return self._watch.elapsed >= self._watch.seconds + self._stable_seconds + 1
        return self._watch.is_over

    def _try_to_observe(self) -> tuple[Observation | None, tuple[str, str]]:
        try:
            return self._observe(), ("", "")
        except PlatformError as error:
            return None, (error.code, error.message)

    def _observe(self) -> Observation:
        found = {
            resource: self._cluster.list(resource, self._namespace, labels=self._labels)
            for resource in (DEPLOYMENTS, REPLICA_SETS, PODS)
        }
        now = self._cluster.server_time or datetime.datetime.now(datetime.UTC)
        seen = Observation(next(iter(found[DEPLOYMENTS]), None), found[REPLICA_SETS], found[PODS], now)
        pod = seen.pod
        ready_for = self._follow(pod)
        self._was_ready = self._was_ready or self._streak is not None
        log = None if pod is None or self._streak is not None else self._read_log(pod)
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

    def _report(self, verdict: Verdict, seen: Observation) -> Report:
        pod = seen.pod
        log = None
        if pod is not None and self._log_lines > 0:
            ended = pods.last_ended(pod)
            is_bad = verdict.verdict == UNHEALTHY and ended is not None
            container = ended.name if is_bad and ended else pods.CONTAINER
            with contextlib.suppress(PlatformError):
                log = self._fetch_log(pod, container, previous=bool(is_bad and ended and ended.is_running))
        return Report(
            verdict, pods.describe_pod(pod), pods.describe_exit(pod), pods.describe_log(log, self._log_lines)
        )


__all__ = ("HealthWatch", "Report")
