# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What a run of Terraform reports: to a person resource by resource, and to whoever asks afterwards."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.failure import (
    Diagnostic,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.program import (
    Json,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.values import (
    shown_outputs,
)

_DONE: t.Final = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "replace": "replaced",
    "import": "imported",
}
_DOING: t.Final = {"create": "creating", "update": "changing", "delete": "deleting"}
_PATIENCE_SECONDS: t.Final = 30
"""How often a resource that is still being worked on says so."""
UNDECLARED: t.Final = "Value for undeclared variable"
"""A warning to Terraform; to us an error, because a variable with a slip in its name is not heeded."""


class Progress:
    """Lines for a person, appended to a file that may be read meanwhile.

    :param path: None keeps silent.
    """

    def __init__(self, path: str | None) -> None:
        self._path = None if path is None else pathlib.Path(path)

    def say(self, line: str) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


class Report:
    """Listens to one run of Terraform.

    :param total: how many resources it is going to work on; 0 when that is not known.
    :ivar done: addresses of resources that an apply is through with.
    :ivar failed: addresses of those that it failed on.
    :ivar outputs: outputs at the end of an apply, without sensitive ones.
    """

    def __init__(self, progress: Progress, total: int = 0) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.done: list[str] = []
        self.failed: list[str] = []
        self.outputs: Json = {}
        self._progress = progress
        self._total = total
        self._said: dict[str, int] = {}

    def __call__(self, event: Json) -> None:
        """Take in one event."""
        handle = getattr(self, f"_on_{event.get('type')}", None)
        if handle is not None:
            handle(event)

    def _on_diagnostic(self, event: Json) -> None:
        document = event["diagnostic"]
        if document["severity"] == "error" or document["summary"] == UNDECLARED:
            diagnostic = Diagnostic.parse(document)
            self.diagnostics.append(diagnostic)
            self._progress.say(f"{diagnostic.address or 'terraform'}: {diagnostic.message}")

    def _on_resource_drift(self, event: Json) -> None:
        change = event["change"]
        self._progress.say(
            f"{change['resource']['addr']}: {_DONE.get(change['action'], 'changed')} by somebody else"
        )

    def _on_planned_change(self, event: Json) -> None:
        if not self._total:
            change = event["change"]
            self._progress.say(
                f"{change['resource']['addr']}: to be {_DONE.get(change['action'], change['action'])}"
            )

    def _on_apply_start(self, event: Json) -> None:
        hook = event["hook"]
        if hook["action"] in _DOING:
            self._progress.say(f"{hook['resource']['addr']}: {_DOING[hook['action']]}")

    def _on_apply_progress(self, event: Json) -> None:
        hook = event["hook"]
        address, seconds = hook["resource"]["addr"], hook["elapsed_seconds"]
        if hook["action"] in _DOING and seconds - self._said.get(address, 0) >= _PATIENCE_SECONDS:
            self._said[address] = seconds
            self._progress.say(f"{address}: still {_DOING[hook['action']]}, {seconds} s")

    def _on_apply_complete(self, event: Json) -> None:
        hook = event["hook"]
        if hook["action"] not in _DOING:
            return
        address = hook["resource"]["addr"]
        self.done.append(address)
        count = f"[{len(set(self.done))}/{self._total}] " if self._total else ""
        self._progress.say(f"{count}{address}: {_DONE[hook['action']]} in {hook['elapsed_seconds']} s")

    def _on_apply_errored(self, event: Json) -> None:
        self.failed.append(event["hook"]["resource"]["addr"])

    def _on_outputs(self, event: Json) -> None:
        self.outputs = shown_outputs(event["outputs"])


__all__ = ("Progress", "Report")
