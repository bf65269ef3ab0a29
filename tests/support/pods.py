# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What every pod of a chart must be, whichever chart renders it."""

from __future__ import annotations

import typing as t


def containers(pod: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The containers of a pod's specification, those of its preparation first."""
    return [*pod["initContainers"], *pod["containers"]]


def assert_restricted(pod: dict[str, t.Any]) -> None:
    """Assert the profile "restricted" of Kubernetes' pod security, a read-only root and limits.

    :param pod: a specification, as a Deployment's template holds it.
    """
    assert not {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"} & pod.keys()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    kinds = {kind for volume in pod["volumes"] for kind in volume.keys() - {"name"}}
    assert kinds <= {"configMap", "secret", "emptyDir"}
    for container in containers(pod):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
