# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The rights of the platform's modules and listener in the cluster."""

from __future__ import annotations

import typing as t

from .argocd import NAMESPACE as ARGOCD_NAMESPACE
from .control_plane import ControlPlane
from .kubectl import cluster_role_binding
from .options import ExistingCluster
from .paths import Layout
from .pki import write_private
from .users import DISPATCH, LISTENER, MONITOR

USER = "bot-freqtrade:platform"
"""Playbooks: what the modules do, no more. In a client's namespace the client's project gives them rights."""
READER = "bot-freqtrade:listener"
"""The listener's other roles: whether the cluster answers."""
MONITOR_USER = "bot-freqtrade:monitor"
"""The listener's role that looks at bots: which shall run and which are ready."""


def install(layout: Layout, control_plane: ControlPlane) -> None:
    """Make the roles and the kubeconfigs of their users."""
    control_plane.kubectl.apply(
        _cluster_role(USER, _rule("", ["namespaces"], ["get"])),
        cluster_role_binding(USER, USER),
        _cluster_role(MONITOR_USER, _rule("apps", ["deployments"], ["get", "list"])),
        cluster_role_binding(MONITOR_USER, MONITOR_USER),
        _argocd_role(_rule("argoproj.io", ["applications", "applicationsets"], ["get", "patch"])),
        _argocd_binding(),
    )
    for name, user, path, owner in (
        ("platform", USER, layout.kubeconfig, DISPATCH),
        ("listener", READER, layout.listener / "kubeconfig", LISTENER),
        ("monitor", MONITOR_USER, layout.monitor / "kubeconfig", MONITOR),
    ):
        write_private(path, control_plane.kubeconfig(name, user).read_bytes(), owner.number)


def subjects(cluster: ExistingCluster | None) -> list[dict[str, str]]:
    """Whom the clients' projects give rights; on a cluster of others playbooks have the operator's own."""
    return [] if cluster else [{"kind": "User", "name": USER}]


def own_folders(layout: Layout) -> None:
    """Make the folders whose users' secrets lie in them."""
    DISPATCH.own(layout.platform)
    LISTENER.own(layout.listener)
    MONITOR.own(layout.monitor)


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, t.Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _cluster_role(name: str, *rules: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": list(rules),
    }


def _argocd_role(rule: dict[str, t.Any]) -> dict[str, t.Any]:
    metadata = {"name": USER, "namespace": ARGOCD_NAMESPACE}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": [rule],
    }


def _argocd_binding() -> dict[str, t.Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": USER, "namespace": ARGOCD_NAMESPACE},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": USER},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}],
    }
