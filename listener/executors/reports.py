# SPDX-License-Identifier: GPL-3.0-or-later
"""From Ansible's events to what a dispatcher wants to know; the same for ansible-runner and AWX."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .interface import Work

COLLECTION: t.Final = "bot_freqtrade.platform."
EVIDENCE: t.Final = frozenset({"commit", "image_digest", "pod_uid", "ready_since", "reason"})
MAX_TEXT: t.Final = 500
_ENDS: t.Final = ("fail", "ansible.builtin.fail")
"""How the playbooks end a host red after they told what failed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How a command ended; *reason* is a code, empty when approved."""

    decision: t.Literal["approved", "rolled_back"]
    reason: str
    evidence: dict[str, t.Any]


class Outcome(Decision):
    """The run told the command's outcome; it is final."""


class Decided(Decision):
    """The decision is recorded in Git; the outcome follows unless the run is killed."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The command has come to *stage*."""

    stage: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A task of the command failed; the texts are public."""

    code: str
    category: str
    message: str


Report = Outcome | Decided | Reached | Failed


class Translator:
    """Reads the events of one run in their order.

    :param works: what runs, each on a host of its own.
    """

    def __init__(self, works: Iterable[Work]) -> None:
        self._works = {work.host: work for work in works}
        self._restoring: set[str] = set()

    def read(self, event: Mapping[str, t.Any]) -> Iterator[tuple[Work, Report]]:
        """Yield what one event means; whatever has another shape means nothing."""
        kind, data = event.get("event"), event.get("event_data")
        if kind == "playbook_on_play_start":
            for work in self._works.values():
                yield work, Reached("started")
        if not isinstance(data, dict) or data.get("host") not in self._works:
            return
        work, result = self._works[data["host"]], data.get("res")
        if not isinstance(result, dict):
            return
        if kind == "runner_on_ok":
            for report in self._success(work, data, result):
                yield work, report
        elif kind in ("runner_on_failed", "runner_on_unreachable") and data.get("task_action") not in _ENDS:
            yield work, _failure(data, result)

    def _success(self, work: Work, data: dict[str, t.Any], result: dict[str, t.Any]) -> Iterator[Report]:
        told = _get(result, "ansible_stats", "data", "platform_outcome")
        if isinstance(told, dict) and told.get("command_id") == work.id and (decision := read_decision(told)):
            yield Outcome(*decision)
        action = str(data.get("task_action", ""))
        if not action.startswith(COLLECTION):
            return
        arguments = _get(result, "invocation", "module_args") or {}
        if stage := self._stage(work, data, action.removeprefix(COLLECTION), arguments):
            yield Reached(stage)
        if action == f"{COLLECTION}bot_values" and arguments.get("state") == "decided":
            decision = read_decision(result.get("recorded") or arguments)
            yield from [Decided(*decision)] if decision else []

    def _stage(
        self, work: Work, data: dict[str, t.Any], module: str, arguments: dict[str, t.Any]
    ) -> str | None:
        if module == "bot_values":
            state = arguments.get("state")
            if state == "restored":
                self._restoring.add(work.host)
            return {
                "started": "committed",
                "stopped": "committed",
                "restored": "restored",
                "decided": "decided_in_git",
            }.get(str(state))
        if module == "tenant_schema":
            return "prepared"
        if str(data.get("role", "")).rpartition(".")[2] != "bot":
            return None
        stage = {"argocd_application": "synced", "bot_health_info": "healthy"}.get(module)
        if stage == "healthy" and arguments.get("expect") == "stopped":
            stage = "stopped"
        return f"restored_{stage}" if stage and work.host in self._restoring else stage


def read_decision(
    told: Mapping[str, t.Any],
) -> tuple[t.Literal["approved", "rolled_back"], str, dict[str, t.Any]] | None:
    """Return a decision's parts, or None unless it has the form that the contract and the API can take."""
    decision, reason, evidence = told.get("decision"), told.get("reason"), told.get("evidence")
    if decision not in ("approved", "rolled_back") or not isinstance(reason, str):
        return None
    if (decision == "approved") != (reason == "") or (reason and reason not in CODES):
        return None
    if not isinstance(evidence, dict) or not evidence.keys() <= EVIDENCE:
        return None
    if not all(isinstance(value, str) for value in evidence.values()):
        return None
    return decision, reason, evidence


def _failure(data: dict[str, t.Any], result: dict[str, t.Any]) -> Failed:
    """Return what failed. Only the collection's own modules promise that their texts hold no secret."""
    action = str(data.get("task_action", ""))
    code = result.get("code")
    if action.startswith(COLLECTION) and isinstance(code, str) and code in CODES:
        return Failed(code, CODES[code].value, str(result.get("msg", ""))[:MAX_TEXT])
    return Failed("undecided", "undecided", f"The action {action or 'unknown'} failed without a code")


def _get(value: t.Any, *path: str) -> t.Any:
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


__all__ = (
    "MAX_TEXT",
    "Decided",
    "Decision",
    "Failed",
    "Outcome",
    "Reached",
    "Report",
    "Translator",
    "read_decision",
)
