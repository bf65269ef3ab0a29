# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Bring an Argo CD Application to a commit and see it there."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category, PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.application import (
    Contains,
    Problem,
    Progress,
    Stage,
    is_running,
    read,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    APPLICATION_SETS,
    APPLICATIONS,
    Cluster,
    Conflict,
    NotFound,
    Object,
    Resource,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.pods import condition
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.polling import Stopwatch

_REFRESH: t.Final = "argocd.argoproj.io/refresh"
_SET_REFRESH: t.Final = "argocd.argoproj.io/application-set-refresh"
_USER: t.Final = "bot_freqtrade.platform"

POLL_SECONDS: t.Final = 0.2
ASK_AGAIN_SECONDS: t.Final = 5.0
"""A request can be lost between two reconciliations, and what Argo CD could not see may have come back."""
PATIENCE_SECONDS: t.Final = 1.5
"""How long the automated sync may take to start before the sync is issued by us."""
SHORT_SECONDS: t.Final = 1.0
"""The same as :data:`ASK_AGAIN_SECONDS` for what takes a moment: a new client's project has to be there
before its Application can be made, and the comparison after an operation comes by itself as a rule."""


@dataclasses.dataclass(frozen=True)
class Target:
    """The Application of a client, and the ApplicationSet that makes it."""

    namespace: str
    application: str
    application_set: str


class Synchronisation:
    """One wait for an Application to be synced at a revision that contains our commit.

    :param contains: whether a revision is our commit or has it among its ancestors; may raise.
    :param terminate_running: end an operation for a revision that does not contain our commit.
    """

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        contains: Contains,
        stopwatch: Stopwatch,
        *,
        terminate_running: bool = False,
    ) -> None:
        self._cluster = cluster
        self._target = target
        self._contains = _remembering(contains)
        self._watch = stopwatch
        self._terminate_running = terminate_running
        self._asked_at: float | None = None
        self._is_fresh = False
        self._ended_operation = ""
        self._stage = Stage.APPLICATION
        self._stage_since = 0.0
        self._problem: Problem | None = None
        self._has_issued = False
        self._blind: PlatformError | None = None
        self._first: Progress | None = None
        self._timeline: dict[str, float] = {}

    def look(self) -> Object:
        """Tell what :meth:`run` would find, and change nothing."""
        return self._result(read(self._get(), self._contains))

    def run(self) -> Object:
        """Ask, and wait until it is done.

        Raise ``manifest_refused`` or ``sync_refused`` as soon as Argo CD says so, and at the deadline what
        stood in the way: ``argocd_unreachable``, ``kubernetes_unreachable``, ``git_unreachable`` or
        ``sync_timeout``. An operation that we issued does not outlive the wait.
        """
        self._cluster.limit(self._watch.deadline)
        progress = Progress(Stage.APPLICATION)
        while True:
            started = self._watch.elapsed
            try:
                progress = self._step()
                self._blind = None
            except Conflict:
                pass
            except PlatformError as error:
                if error.category is not Category.UNDECIDED:
                    raise
                self._blind = error
            if progress.stage is Stage.DONE:
                return self._result(progress)
            if self._blind is None and progress.problem is not None and progress.problem.is_final:
                self._end_ours()
                raise self._error(progress.problem.code, progress)
            if self._watch.is_over:
                self._end_ours()
                raise self._timeout(progress)
            self._watch.pause(POLL_SECONDS)
            stage = progress.stage.value
            self._timeline[stage] = self._timeline.get(stage, 0.0) + self._watch.elapsed - started

    def _step(self) -> Progress:
        application = self._get()
        if application is not None and self._asked_at is not None:
            is_compared = "reconciledAt" in application.get("status", {})
            self._is_fresh = is_compared and _REFRESH not in _annotations(application)
        if self._first is None:
            self._note_ended(application)
        progress = read(
            application, self._contains, is_fresh=self._is_fresh, ended_operation=self._ended_operation
        )
        if self._first is None:
            self._first = progress
        if progress.stage is not self._stage:
            self._stage, self._stage_since, self._problem = progress.stage, self._watch.elapsed, None
        self._problem = progress.problem or self._problem
        self._act(application, progress)
        return progress

    def _act(self, application: Object | None, progress: Progress) -> None:
        if application is None:
            self._ask(APPLICATION_SETS, self._target.application_set, _SET_REFRESH, "true")
            return
        if progress.stage is Stage.SYNC:
            self._end_foreign(application, progress)
        elif progress.stage is Stage.OPERATION:
            self._issue(application, progress)
        is_late = progress.stage is Stage.VERIFICATION and self._waited() > SHORT_SECONDS
        if (is_late or not progress.is_compared) and _REFRESH not in _annotations(application):
            # Past the cache after an error, because Argo CD may keep it there.
            kind = "hard" if progress.problem else "normal"
            if self._ask(APPLICATIONS, self._target.application, _REFRESH, kind):
                self._note_ended(application)

    def _ask(self, resource: Resource, name: str, annotation: str, value: str) -> bool:
        """Annotate the object unless that has just been done."""
        is_short = self._stage in (Stage.APPLICATION, Stage.VERIFICATION)
        seconds = SHORT_SECONDS if is_short else ASK_AGAIN_SECONDS
        if self._asked_at is not None and self._watch.elapsed - self._asked_at < seconds:
            return False
        body = {"metadata": {"annotations": {annotation: value}}}
        self._cluster.patch(resource, self._target.namespace, name, body)
        self._asked_at = self._watch.elapsed
        return True

    def _note_ended(self, application: Object | None) -> None:
        """Remember the operation that is over before the comparison that is asked for now."""
        operation = (application or {}).get("status", {}).get("operationState", {})
        if operation.get("phase") not in ("Running", "Terminating"):
            self._ended_operation = operation.get("startedAt", "")

    def _waited(self) -> float:
        """Seconds in the present stage."""
        return self._watch.elapsed - self._stage_since

    def _issue(self, application: Object, progress: Progress) -> None:
        """Start a sync when the automated one has given this revision up, or does not come.

        It goes to the revision that was compared, which contains our commit and whatever others committed
        since: syncing to our commit alone would take their changes back until the next automated sync.
        """
        if self._waited() < self._patience(progress):
            return
        policy = application["spec"].get("syncPolicy", {})
        sync: Object = {
            "revision": progress.revision,
            "prune": policy.get("automated", {}).get("prune", False),
            "syncOptions": policy.get("syncOptions", []),
        }
        # Without a retry of its own: whether to try again is for the loop that has the deadline.
        self._change(application, {"operation": {"initiatedBy": {"username": _USER}, "sync": sync}})
        self._has_issued = True

    def _patience(self, progress: Progress) -> float:
        """Seconds to leave to the automated sync, which never comes for what is the same already."""
        if self._has_issued:
            return ASK_AGAIN_SECONDS
        return 0.0 if progress.sync == "Synced" else PATIENCE_SECONDS

    def _end_foreign(self, application: Object, progress: Progress) -> None:
        """End an operation that would bring back what our commit has just undone."""
        is_started = progress.phase in ("Running", "Terminating")
        requested = application.get("operation", {}).get("sync", {}).get("revision", "")
        revision = progress.operation_revision if is_started else requested
        if not self._terminate_running or (revision and self._contains(revision)):
            return
        if progress.phase == "Running":
            self._change(application, {"status": {"operationState": {"phase": "Terminating"}}})
        elif not is_started:
            self._change(application, {"operation": None})

    def _end_ours(self) -> None:
        """End an operation that we issued; one that cannot be reached has no retries and ends by itself."""
        if not self._has_issued:
            return
        self._cluster.limit(None)
        with contextlib.suppress(PlatformError):
            application = self._get() or {}
            operation = application.get("status", {}).get("operationState", {})
            user = operation.get("operation", {}).get("initiatedBy", {}).get("username")
            if user == _USER and is_running(application) and operation.get("phase") == "Running":
                self._change(application, {"status": {"operationState": {"phase": "Terminating"}}})

    def _change(self, application: Object, body: Object) -> None:
        """Merge ``body`` into the Application as it was read; raise :class:`Conflict` if it has changed."""
        version = {"resourceVersion": application["metadata"]["resourceVersion"]}
        body = {"metadata": version, **body}
        self._cluster.patch(APPLICATIONS, self._target.namespace, self._target.application, body)

    def _get(self) -> Object | None:
        try:
            return self._cluster.get(APPLICATIONS, self._target.namespace, self._target.application)
        except NotFound:
            return None

    def _result(self, progress: Progress) -> Object:
        first = self._first or progress
        return {
            "changed": first.stage is not Stage.DONE,
            "revision": progress.revision,
            "phase": progress.phase,
            "sync": progress.sync,
            "seconds": round(self._watch.elapsed, 2),
            "timeline": self._rounded_timeline(),
            "diff": {"before": first.summary, "after": progress.summary},
        }

    def _rounded_timeline(self) -> dict[str, float]:
        return {stage: round(seconds, 2) for stage, seconds in self._timeline.items()}

    def _timeout(self, progress: Progress) -> PlatformError:
        """Say what stood in the way at the deadline."""
        if self._blind is not None:
            return self._error(self._blind.code, progress, self._blind.message)
        if self._problem is not None:
            return self._error(self._problem.code, progress)
        if progress.stage is Stage.APPLICATION:
            return self._error("argocd_unreachable", progress, self._why_no_application())
        if progress.stage in (Stage.COMPARISON, Stage.VERIFICATION) and not self._is_fresh:
            return self._error("argocd_unreachable", progress, "Argo CD did not react")
        return self._error("sync_timeout", progress)

    def _error(self, code: str, progress: Progress, why: str = "") -> PlatformError:
        if not why:
            why = (
                progress.problem.text if progress.problem else f"still waiting for the {progress.stage.value}"
            )
        name, seconds = self._target.application, round(self._watch.elapsed, 1)
        return PlatformError(
            code,
            f"The Application {name} is not synced after {seconds} s: {why[:1000]}",
            stage=progress.stage.value,
            timeline=self._rounded_timeline(),
            **progress.summary,
        )

    def _why_no_application(self) -> str:
        """Return the error of the ApplicationSet, if it has one."""
        applications = self._cluster.get(
            APPLICATION_SETS, self._target.namespace, self._target.application_set
        )
        error = condition(applications, "ErrorOccurred")
        name = self._target.application_set
        why = error.get("message", "") if error.get("status") == "True" else "Argo CD did not react"
        return f"the ApplicationSet {name} has not made it: {why}"


def _annotations(application: Object) -> dict[str, str]:
    annotations: dict[str, str] = application["metadata"].get("annotations", {})
    return annotations


def _remembering(contains: Contains) -> Contains:
    """Ask once per revision: the ancestors of a commit never change."""
    known: dict[str, bool] = {}

    def answer(revision: str) -> bool:
        if revision not in known:
            known[revision] = contains(revision)
        return known[revision]

    return answer


__all__ = ("Synchronisation", "Target")
