# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Where an Argo CD Application stands on its way to a commit: a pure reading of the object."""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import Object

Contains = t.Callable[[str], bool]
"""Tells whether a revision is our commit or has it among its ancestors."""

_REVISION: t.Final = re.compile(r"[0-9a-f]{40}")


class Stage(enum.StrEnum):
    """The next thing that has to happen, in the order in which it does."""

    APPLICATION = "application"
    """The ApplicationSet has to make the Application."""
    COMPARISON = "comparison"
    """Argo CD has to compare the cluster with a revision that contains our commit."""
    OPERATION = "operation"
    """A sync has to be started for that revision."""
    SYNC = "sync"
    """The running operation has to end."""
    VERIFICATION = "verification"
    """Argo CD has to compare again after the operation."""
    DONE = "done"


@dataclasses.dataclass(frozen=True)
class Problem:
    """What Argo CD says stands in the way.

    :param code: a code of the collection's errors; a *refused* one is final, an *undecided* one may pass.
    :param text: the message of Argo CD.
    """

    code: str
    text: str

    @property
    def is_final(self) -> bool:
        return self.code in ("manifest_refused", "sync_refused")


@dataclasses.dataclass(frozen=True)
class Progress:
    """What one look at the Application tells."""

    stage: Stage
    is_compared: bool = False
    """Whether ``revision`` contains our commit."""
    revision: str = ""
    sync: str = ""
    phase: str = ""
    operation_revision: str = ""
    problem: Problem | None = None

    @property
    def summary(self) -> dict[str, str]:
        return {"revision": self.revision, "sync": self.sync, "phase": self.phase}


# The first match decides. What could not be seen comes first: a message often wraps one error in another.
_CODES: t.Final[tuple[tuple[str, str], ...]] = (
    (r"code = (Unavailable|DeadlineExceeded|Canceled|ResourceExhausted)|repo server", "argocd_unreachable"),
    (
        r"failed to (list refs|fetch|checkout|initialize repository)|unable to (ls-remote|resolve)",
        "git_unreachable",
    ),
    (
        r"authentication required|repository not found|could not read from remote|git (fetch|clone)",
        "git_unreachable",
    ),
    (
        r"failed calling webhook|etcdserver|leader changed|unable to handle the request",
        "kubernetes_unreachable",
    ),
    (
        r"failed to (get cluster|load live state|sync cluster|load openAPI)|being terminated",
        "kubernetes_unreachable",
    ),
    (
        r"\"https?://[^\"]+/apis?[/?\"].*(refused|reset|time|EOF|no route|no such host)",
        "kubernetes_unreachable",
    ),
    (r"is forbidden: User |Unauthorized|too many requests|object is being deleted", "kubernetes_unreachable"),
    (r"connection (refused|reset)|i/o timeout|context (deadline exceeded|canceled)", "argocd_unreachable"),
    (
        r"no such host|broken pipe|TLS handshake|unexpected EOF|(timed out|timeout) after",
        "argocd_unreachable",
    ),
    (r"no space left|cannot allocate memory|signal: killed|too many open files", "argocd_unreachable"),
    (r"values don't meet the specifications of the schema|execution error at \(", "manifest_refused"),
    (
        r"parse error at \(|template: .*: executing|(YAML|yaml)[: ].*(parse|line \d|convert)",
        "manifest_refused",
    ),
    (r"failed to unmarshal manifest|cannot unmarshal|unable to build kubernetes objects", "manifest_refused"),
    (r"field not declared in schema|error building typed value|failed to parse .*values", "manifest_refused"),
    (
        r"is forbidden: (exceeded quota|violates PodSecurity|(max|min)imum )|denied (the )?request",
        "sync_refused",
    ),
    (r"is invalid: |Invalid value|is immutable|strict decoding error|error validating", "sync_refused"),
    (r"is not permitted in project", "sync_refused"),
)


def classify(text: str) -> Problem | None:
    """Tell what a message of Argo CD means; None when it says nothing that we know."""
    for pattern, code in _CODES:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return Problem(code, text)
    return None


def read(
    application: Object | None,
    contains: Contains,
    *,
    is_fresh: bool = True,
    ended_operation: str = "",
) -> Progress:
    """Tell where the Application stands.

    :param application: the object, or None when there is none.
    :param is_fresh: whether Argo CD has compared since our commit; before that its errors are old ones.
    :param ended_operation: start of the operation that had ended when that comparison was asked for; its
        errors are old ones too, and the comparison came after it.

    Errors of ``contains`` pass through.
    """
    if application is None:
        return Progress(Stage.APPLICATION)
    status = application.get("status", {})
    sync, operation = status.get("sync", {}), status.get("operationState", {})
    revision = sync.get("revision", "")
    operation_revision = _operation_revision(operation)
    compared = _is_at(revision, contains)
    operated = _is_at(operation_revision, contains)
    has_ended = operation.get("startedAt") == ended_operation
    problem = None
    if is_fresh and sync.get("status") == "Unknown":
        problem = _comparison_problem(status)
    if problem is None and operated and not has_ended:
        problem = _operation_problem(operation)
    return Progress(
        stage=_stage(application, compared, in_order=operated or (has_ended and is_fresh)),
        is_compared=compared,
        revision=revision,
        sync=sync.get("status", ""),
        phase=operation.get("phase", ""),
        operation_revision=operation_revision,
        problem=problem,
    )


def is_running(application: Object) -> bool:
    """Tell whether an operation is requested or under way."""
    phase = application.get("status", {}).get("operationState", {}).get("phase")
    return "operation" in application or phase in ("Running", "Terminating")


def _stage(application: Object, compared: bool, in_order: bool) -> Stage:
    status = application.get("status", {})
    operation = status.get("operationState", {})
    if is_running(application):
        return Stage.SYNC
    if not compared:
        return Stage.COMPARISON
    if not _is_verified(status.get("reconciledAt", ""), operation.get("finishedAt", ""), in_order):
        return Stage.VERIFICATION
    if status["sync"].get("status") == "Synced" and operation.get("phase") == "Succeeded":
        return Stage.DONE
    return Stage.OPERATION


def _is_verified(reconciled: str, finished: str, in_order: bool) -> bool:
    """Tell whether the comparison was made after the operation.

    Both times (RFC 3339, UTC) are cut to the second. In the same second the comparison may have come first,
    which matters when the operation was for another revision and then changed what had been compared.
    """
    return reconciled > finished or (reconciled == finished != "" and in_order)


def _is_at(revision: str, contains: Contains) -> bool:
    return _REVISION.fullmatch(revision) is not None and contains(revision)


def _operation_revision(operation: Object) -> str:
    requested = operation.get("operation", {}).get("sync", {}).get("revision", "")
    revision: str = operation.get("syncResult", {}).get("revision", "") or requested
    return revision


def _comparison_problem(status: Object) -> Problem | None:
    errors = [
        classify(condition.get("message", ""))
        for condition in status.get("conditions", [])
        if condition.get("type") in ("ComparisonError", "InvalidSpecError")
    ]
    return _weigh(errors)


def _operation_problem(operation: Object) -> Problem | None:
    if operation.get("phase") == "Succeeded":
        return None
    resources = operation.get("syncResult", {}).get("resources") or []
    failed = [classify(one.get("message", "")) for one in resources if one.get("status") == "SyncFailed"]
    return _weigh([*failed, classify(operation.get("message", ""))])


def _weigh(problems: t.Iterable[Problem | None]) -> Problem | None:
    """Return a blind problem before a final one: who could not see one part has not judged the whole."""
    known = [problem for problem in problems if problem is not None]
    return min(known, key=lambda problem: problem.is_final, default=None)


__all__ = ("Contains", "Problem", "Progress", "Stage", "classify", "is_running", "read")
