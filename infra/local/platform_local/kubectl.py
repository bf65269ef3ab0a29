# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A cluster as its administrator sees it."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import yaml

from .errors import LocalPlatformError

RBAC = "rbac.authorization.k8s.io"


class Kubectl:
    """kubectl with the rights of one kubeconfig."""

    def __init__(self, program: str | Path, kubeconfig: Path) -> None:
        self.program = str(program)
        self._command = [self.program, "--kubeconfig", str(kubeconfig)]

    def run(self, *arguments: str | Path, text: str | None = None) -> str:
        """Return what kubectl printed.

        :param text: its standard input.
        :raises LocalPlatformError: when it fails.
        """
        done = self._run(arguments, text)
        if done.returncode:
            raise LocalPlatformError(f"kubectl {' '.join(map(str, arguments))} failed: {done.stderr.strip()}")
        return done.stdout

    def succeeds(self, *arguments: str | Path) -> bool:
        """Whether kubectl ends well; no answer is a no."""
        return self._run(arguments, None).returncode == 0

    def apply(self, *objects: t.Mapping[str, t.Any]) -> None:
        """Make these objects so."""
        if objects:
            self.run(
                "apply", "--server-side", "--force-conflicts", "-f", "-", text=yaml.safe_dump_all(objects)
            )

    def _run(self, arguments: t.Sequence[str | Path], text: str | None) -> subprocess.CompletedProcess[str]:
        command = [*self._command, *map(str, arguments)]
        return subprocess.run(command, check=False, capture_output=True, text=True, input=text)


def user_subject(user: str) -> dict[str, str]:
    """Whom a binding names when it is a user."""
    return {"apiGroup": RBAC, "kind": "User", "name": user}


def cluster_role_binding(
    name: str, role: str, subject: t.Mapping[str, str] | None = None
) -> dict[str, t.Any]:
    """The object that gives a role in the whole cluster.

    :param subject: whom; the user of this name, when it is not said.
    """
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [subject or user_subject(name)],
    }
