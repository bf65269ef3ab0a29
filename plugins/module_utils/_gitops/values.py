# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A client's values file in its repository: one transition, read, planned, checked and committed."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import (
    Client,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import (
    transition,
    validation,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Approved,
    Document,
    Json,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.repository import (
    Change,
    GitRepository,
    Snapshot,
)

_VERBS: t.Final[dict[transition.Transition, str]] = {
    "registered": "Register",
    "started": "Start",
    "stopped": "Stop",
    "decided": "Decide",
    "restored": "Restore",
}


def transact(repository: GitRepository, request: transition.Request, dry_run: bool = False) -> Json:
    """Make the client's file what ``request`` asks for and return what the module returns.

    :raises PlatformError: ``fence_stale``, ``specification_invalid``, ``strategy_unknown``,
        ``exchange_secret_missing``, ``git_unreachable``, ``git_conflict``, ``undecided``.
    """
    attempt = _Attempt(request)
    receipt = repository.write(attempt.edit, dry_run)
    return attempt.result(receipt.head if receipt.pushed else attempt.commit)


class _Attempt:
    """The plan made on the newest head that was tried.

    ``commit`` is the one that the file is from, once that is known to need no change.
    """

    def __init__(self, request: transition.Request) -> None:
        self._request = request
        self._before = ""
        self._plan: transition.Plan
        self._changed = False
        self.commit: str | None = None

    def edit(self, snapshot: Snapshot) -> Change | None:
        """Return the next content of the client's file, or None when it is right already."""
        client = self._request.client
        files = snapshot.read([client.values_path, validation.SCHEMA, validation.CATALOGUE])
        text = files.get(client.values_path)
        current = None if text is None else Document.parse(client, text)
        self._before = "" if text is None else text.decode()
        self._plan = transition.plan(current, self._request)
        self._changed = current != self._plan.document
        if not self._changed:
            self.commit = snapshot.last_commit(client.values_path)
            return None
        validation.check(self._plan.document, files)
        return Change(client.values_path, self._plan.document.text().encode(), self._message())

    def result(self, commit: str | None) -> Json:
        document, recorded = self._plan.document, self._plan.recorded
        path = self._request.client.values_path
        restored = self._request.transition == "restored"
        after = document.text() if self._changed else self._before
        return {
            "changed": self._changed,
            "commit": commit,
            "path": path,
            "replicas": document.live.replicas,
            "fence": {
                "sequence": document.fence.sequence,
                "attempt": document.fence.attempt,
                "decided": document.decided,
                "reason": document.reason,
            },
            "recorded": recorded and vars(recorded),
            "restored": _summary(document.approved) if restored else None,
            "approved": _summary(document.approved),
            "diff": {
                "before_header": path,
                "after_header": path,
                "before": self._before,
                "after": after,
            },
        }

    def _message(self) -> str:
        request, fence = self._request, self._plan.document.fence
        trailers = {
            "Platform-Client": request.client.number,
            "Platform-Command": request.command,
            "Platform-Sequence": fence.sequence,
            "Platform-Attempt": fence.attempt,
            "Platform-Transition": request.transition,
        }
        lines = [f"{name}: {value}" for name, value in trailers.items() if value != ""]
        subject = f"{_VERBS[request.transition]} {request.client.host}"
        return "\n".join([subject, "", *lines, ""])


def read(client: Client, text: bytes) -> Json:
    """Return what the inventory says about a client; raise ``undecided`` for a file it cannot understand."""
    document = Document.parse(client, text)
    return {
        "state": _state(document),
        "desired": "running" if document.live.replicas else "stopped",
        "sequence": document.fence.sequence,
        "attempt": document.fence.attempt,
        "command_id": document.command,
        "decided": document.decided,
        "reason": document.reason,
        "bot": document.live.bot,
        "secrets": document.live.secrets,
        "approved": _summary(document.approved),
    }


def _state(document: Document) -> str:
    """Return ``undecided`` while somebody's change waits for its decision, else what was decided."""
    live = document.live
    given_up = document.decided == "rolled_back" and not live.replicas
    in_flight = document.command and not document.decided
    if in_flight or (live != document.approved.state and not given_up):
        return "undecided"
    return "running" if live.replicas else "stopped"


def _summary(approved: Approved) -> Json:
    return {
        "replicas": approved.state.replicas,
        "sequence": approved.sequence,
        "exchange_secret": approved.state.secrets["exchange"],
    }


__all__ = ("read", "transact")
