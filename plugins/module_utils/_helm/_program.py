# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The program ``helm`` and what its complaints mean."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

# The first that fits counts. Helm has no codes, only sentences.
_MEANINGS: t.Final = tuple(
    (code, re.compile(pattern, re.IGNORECASE))
    for code, pattern in (
        ("release_busy", r"another operation \(install/upgrade/rollback\) is in progress"),
        (
            "kubernetes_unreachable",
            r"kubernetes cluster unreachable|connection refused|no route to host|i/o timeout|tls handshake"
            r"|etcdserver|the server is currently unable|too many requests|unauthorized",
        ),
        ("kubernetes_refused", r"forbidden|admission webhook|exceeded quota|cannot be imported into"),
        ("release_not_ready", r"timed out waiting|deadline exceeded|resource not ready|would exceed context"),
        (
            "release_refused",
            r"don't meet the specifications of the schema|execution error|parse error|error calling"
            r"|unable to build kubernetes objects|error converting yaml|is invalid:|validation failed"
            r"|chart requires kubeversion|missing in charts/|chart.yaml file is missing|render error",
        ),
    )
)
_CHART_UNAVAILABLE: t.Final = "chart_unavailable"
_LOCAL_SECONDS: t.Final = 120
_GRACE_SECONDS: t.Final = 60
_MAX_TEXT: t.Final = 500


class Helm:
    """Helm with the rights of one kubeconfig.

    :param program: its name on PATH, or its path.
    :param kubeconfig: None leaves it to the environment.
    :param context: in the kubeconfig; None takes its current one.
    :raises PlatformError: ``library_missing`` when there is no such program.
    """

    def __init__(self, program: str, kubeconfig: str | None, context: str | None) -> None:
        found = shutil.which(program)
        if found is None:
            raise PlatformError("library_missing", f"The program {program} is not on PATH")
        self._command = [found]
        if kubeconfig:
            self._command += ["--kubeconfig", kubeconfig]
        if context:
            self._command += ["--kube-context", context]

    def run(self, *arguments: str, values: t.Mapping[str, t.Any] | None = None, seconds: float = 0) -> str:
        """Return what helm prints.

        :param values: of a release; they reach helm by its standard input.
        :param seconds: how long helm waits by itself; it is killed a minute later.
        :raises PlatformError: ``release_refused``, ``release_not_ready``, ``release_busy``,
            ``kubernetes_refused``, ``kubernetes_unreachable`` or ``undecided``.
        """
        done = self._run(arguments, values, seconds)
        if done.returncode:
            raise _failure(arguments, done.stderr)
        return done.stdout

    def fetch(self, *arguments: str) -> str:
        """Return what helm prints of a chart.

        :raises PlatformError: ``chart_unavailable`` when it fails, whatever the reason.
        """
        done = self._run(arguments, None, 0)
        if done.returncode:
            raise PlatformError(_CHART_UNAVAILABLE, f"helm {arguments[0]}: {_text(done.stderr)}")
        return done.stdout

    def find(self, *arguments: str) -> t.Any:
        """Return what helm prints as JSON, or None when there is no such release.

        :raises PlatformError: as :meth:`run`.
        """
        done = self._run((*arguments, "--output", "json"), None, 0)
        if done.returncode and "release: not found" in done.stderr:
            return None
        if done.returncode:
            raise _failure(arguments, done.stderr)
        return json.loads(done.stdout)

    def _run(
        self, arguments: t.Sequence[str], values: t.Mapping[str, t.Any] | None, seconds: float
    ) -> subprocess.CompletedProcess[str]:
        given = None if values is None else json.dumps(values)
        command = [*self._command, *arguments, *(["--values", "-"] if given is not None else [])]
        limit = seconds + _GRACE_SECONDS if seconds else _LOCAL_SECONDS
        try:
            return subprocess.run(
                command, check=False, capture_output=True, text=True, input=given or "", timeout=limit
            )
        except subprocess.TimeoutExpired:
            raise PlatformError("undecided", f"helm {arguments[0]} did not end in {limit:.0f} s") from None
        except OSError as error:
            raise PlatformError("undecided", f"helm did not start: {error.strerror}") from None


def _failure(arguments: t.Sequence[str], errors: str) -> PlatformError:
    code = next((code for code, pattern in _MEANINGS if pattern.search(errors)), "undecided")
    return PlatformError(code, f"helm {arguments[0]}: {_text(errors)}")


def _text(errors: str) -> str:
    """Return the last complaint of helm on one line; warnings come before it."""
    lines = [line for line in errors.splitlines() if not line.startswith(("WARNING:", "I0", "W0"))]
    text = " ".join(" ".join(lines).split()).rpartition("Error: ")[2]
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + " …"


__all__ = ("Helm",)
