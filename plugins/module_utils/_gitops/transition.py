# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The fence: from a client's document and a request to the next document, or to a refusal.

A command's run brings its sequence, attempt and id. An operator's run has no id: its first change takes
the next attempt under the sequence it finds, its later ones name that fence. It never touches what was
recorded of that sequence's command, and approves nothing that a command in flight wrote.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import (
    Client,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    CODES,
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Approved,
    Decision,
    Document,
    Fence,
    Json,
    State,
    default_secrets,
)

Transition = t.Literal["registered", "started", "stopped", "decided", "restored"]
TRANSITIONS: t.Final[tuple[Transition, ...]] = t.get_args(Transition)
EVIDENCE: t.Final = ("commit", "image_digest", "pod_uid", "ready_since", "reason")
"""All that the evidence of a decision may hold; it is public."""

_COMMAND = re.compile(r"0x[0-9a-f]{64}")
_BOT_KEYS: t.Final = {
    "strategy": "strategy",
    "pairs": "pairs",
    "timeframe": "timeframe",
    "stake_currency": "stakeCurrency",
    "stake_amount": "stakeAmount",
    "max_open_trades": "maxOpenTrades",
    "dry_run": "dryRun",
    "dry_run_wallet": "dryRunWallet",
}


@dataclasses.dataclass(frozen=True)
class Request:
    """What one run asks for.

    :param specification: checked and complete; for ``started``.
    :param secrets: names of Secrets that differ from the client's usual ones; for ``started``.
    """

    client: Client
    transition: Transition
    fence: Fence | None = None
    command: str = ""
    specification: Json | None = None
    secrets: Json = dataclasses.field(default_factory=dict)
    decision: Decision = ""
    reason: str = ""
    evidence: Json = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        fault = _request_fault(self)
        if fault:
            raise PlatformError("usage", fault)

    @property
    def is_operators(self) -> bool:
        return not self.command


@dataclasses.dataclass(frozen=True)
class Recorded:
    """The decision that a command already has."""

    decision: Decision
    reason: str
    evidence: Json


@dataclasses.dataclass(frozen=True)
class Plan:
    """The next document; with ``recorded`` it is the current one."""

    document: Document
    recorded: Recorded | None = None


def plan(current: Document | None, request: Request) -> Plan:
    """Return what the client's file becomes; raise ``fence_stale`` for a run that lost its turn."""
    document = current or Document.initial(request.client)
    if request.is_operators:
        return Plan(_operators(document, request))
    recorded = _recorded(document, request)
    if recorded is not None:
        return Plan(document, recorded)
    owned = _own(document, request)
    if request.transition == "registered":
        return Plan(document if current else owned)
    if request.transition == "decided":
        return Plan(_decide(document, owned, request))
    return Plan(dataclasses.replace(owned, live=_live(document, request)))


def render(specification: Json) -> Json:
    """Return the ``bot`` part of the values for a checked and complete specification."""
    return {key: specification[name] for name, key in _BOT_KEYS.items()}


def _recorded(document: Document, request: Request) -> Recorded | None:
    fence = _fence(request)
    if not document.decided or (document.fence.sequence, document.command) != (
        fence.sequence,
        request.command,
    ):
        return None
    wanted = "rolled_back" if request.transition == "restored" else request.decision
    if wanted not in ("", document.decided):
        message = f"{request.client.host} has sequence {fence.sequence} decided as {document.decided}"
        raise PlatformError("fence_stale", message, decided=document.decided)
    return Recorded(document.decided, document.reason, document.evidence)


def _own(document: Document, request: Request) -> Document:
    """Return the document under the request's fence, its command undecided."""
    fence = _fence(request)
    held_by_another = document.command not in ("", request.command)
    if (
        fence < document.fence
        or (fence.sequence == document.fence.sequence and held_by_another)
        or (fence == document.fence and document.command != request.command)
    ):
        raise _stale(document, request)
    if document.command == request.command:
        return dataclasses.replace(document, fence=fence)
    return _undecided(document, fence, request.command)


def _undecided(document: Document, fence: Fence, command: str) -> Document:
    return dataclasses.replace(document, fence=fence, command=command, decided="", reason="", evidence={})


def _live(document: Document, request: Request) -> State:
    client = request.client
    if request.transition == "restored":
        return document.approved.state
    if request.transition == "stopped":
        # Its exchange keys go with the approval of the stop, so nothing may name them any more.
        return State(0, document.live.bot, {**document.live.secrets, "exchange": ""})
    secrets = default_secrets(client) | {key: name for key, name in request.secrets.items() if name}
    specification = request.specification or {}
    if not specification["dry_run"] and not secrets["exchange"]:
        raise PlatformError("exchange_secret_missing", f"A live bot of {client.host} needs exchange keys")
    return State(1, render(specification), secrets)


def _decide(document: Document, owned: Document, request: Request) -> Document:
    if request.decision == "approved" and document.fence != owned.fence:
        raise _stale(document, request)  # what is live there was written by another run
    return _with_decision(owned, request)


def _with_decision(document: Document, request: Request) -> Document:
    approved = document.approved
    if request.decision == "approved":
        approved = Approved(document.fence.sequence, document.live)
    return dataclasses.replace(
        document,
        approved=approved,
        decided=request.decision,
        reason=request.reason,
        evidence=request.evidence,
    )


def _operators(document: Document, request: Request) -> Document:
    if request.fence not in (None, document.fence):
        raise _stale(document, request)
    if request.transition == "registered":
        return document
    if request.transition == "decided":
        return _operators_decision(document, request)
    live = _live(document, request)
    if live == document.live:
        return document
    if request.fence and document.command and not document.decided:
        raise _stale(document, request)
    fence = request.fence or _next_attempt(document.fence)
    if document.command and document.decided:
        return dataclasses.replace(document, fence=fence, live=live)
    return dataclasses.replace(_undecided(document, fence, ""), live=live)


def _operators_decision(document: Document, request: Request) -> Document:
    approves = request.decision == "approved" and document.approved.state != document.live
    if document.command:
        if approves and not document.decided:
            raise _stale(document, request)
        approved = Approved(document.fence.sequence, document.live) if approves else document.approved
        return dataclasses.replace(document, approved=approved)
    if document.decided and not approves:
        return document
    if document.decided:
        document = _undecided(document, _next_attempt(document.fence), "")
    return _with_decision(document, request)


def _next_attempt(fence: Fence) -> Fence:
    return Fence(fence.sequence, fence.attempt + 1)


def _fence(request: Request) -> Fence:
    return request.fence or Fence()


def _stale(document: Document, request: Request) -> PlatformError:
    return PlatformError(
        "fence_stale",
        f"{request.client.host} is at sequence {document.fence.sequence}, attempt {document.fence.attempt}"
        f" of {document.command or 'an operator'}: this run may not write",
        sequence=document.fence.sequence,
        attempt=document.fence.attempt,
        command=document.command,
    )


def _request_fault(request: Request) -> str | None:
    fence = request.fence
    if request.command and not _COMMAND.fullmatch(request.command):
        return "The id of the command is not 0x and 64 hexadecimal digits"
    if request.command and (fence is None or fence.sequence < 1 or fence.attempt < 1):
        return "A command needs its sequence and attempt, both from 1"
    if request.transition == "started" and request.specification is None:
        return "A start needs a specification"
    if request.transition == "decided":
        return _decision_fault(request)
    return None


def _decision_fault(request: Request) -> str | None:
    if not request.decision:
        return "A decision is approved or rolled_back"
    if (request.decision == "approved") == bool(request.reason) or request.reason not in ("", *CODES):
        return "A decision to roll back needs one of the known reasons, an approval has none"
    public = all(value is None or isinstance(value, str) for value in request.evidence.values())
    if not public or not set(request.evidence) <= set(EVIDENCE):
        return f"Evidence holds texts named {', '.join(EVIDENCE)}, and nothing else"
    return None


__all__ = ("EVIDENCE", "TRANSITIONS", "Plan", "Recorded", "Request", "Transition", "plan", "render")
