# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The rights of the platform's modules and listener in the cluster."""

from __future__ import annotations

import typing as t

from .argocd import NAMESPACE as ARGOCD_NAMESPACE
from .control_plane import ControlPlane
from .kubectl import Kubectl, cluster_role_binding, user_subject
from .options import ExistingCluster
from .paths import Layout
from .pki import write_private
from .users import DISPATCH, LISTENER, MONITOR

PLATFORM = "platform"
"""Playbooks: what the modules do, no more. In a client's namespace the client's project gives them rights."""
READER = "listener"
"""The listener's other roles: whether the cluster answers."""
MONITORING = "monitor"
"""The listener's role that looks at bots: which shall run and which are ready."""
NAMES = (PLATFORM, READER, MONITORING)
NAMESPACE = "bot-freqtrade"
"""Of the service accounts on a cluster that somebody else runs."""


class Accounts(t.Protocol):
    """How a cluster knows the platform's users."""

    def subject(self, name: str) -> dict[str, str]:
        """Whom a binding names."""

    def kubeconfig(self, name: str) -> str:
        """The text of the file with which this user comes in."""


class Certificates:
    """Users of the cluster that is built here."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane

    def subject(self, name: str) -> dict[str, str]:
        return user_subject(_full(name))

    def kubeconfig(self, name: str) -> str:
        return self._control_plane.kubeconfig(name, _full(name)).read_text(encoding="utf-8")


def install(layout: Layout, kubectl: Kubectl, accounts: Accounts) -> None:
    """Make the roles and the kubeconfigs of their users."""
    kubectl.apply(
        _cluster_role(_full(PLATFORM), _rule("", ["namespaces"], ["get"])),
        cluster_role_binding(_full(PLATFORM), _full(PLATFORM), accounts.subject(PLATFORM)),
        _cluster_role(_full(MONITORING), _rule("apps", ["deployments"], ["get", "list"])),
        cluster_role_binding(_full(MONITORING), _full(MONITORING), accounts.subject(MONITORING)),
        _argocd_role(_rule("argoproj.io", ["applications", "applicationsets"], ["get", "patch"])),
        _argocd_binding(accounts.subject(PLATFORM)),
    )
    for name, path, owner in (
        (PLATFORM, layout.kubeconfig, DISPATCH),
        (READER, layout.listener / "kubeconfig", LISTENER),
        (MONITORING, layout.monitor / "kubeconfig", MONITOR),
    ):
        write_private(path, accounts.kubeconfig(name), owner.number)


def remove(kubectl: Kubectl) -> None:
    """Take the roles away."""
    both = [_full(name) for name in (PLATFORM, MONITORING)]
    wide = [f"{kind}/{name}" for kind in ("clusterrolebinding", "clusterrole") for name in both]
    narrow = [f"{kind}/{_full(PLATFORM)}" for kind in ("rolebinding", "role")]
    kubectl.run("delete", "--ignore-not-found", *wide)
    kubectl.run("delete", "--ignore-not-found", "--namespace", ARGOCD_NAMESPACE, *narrow)


def subjects(cluster: ExistingCluster | None) -> list[dict[str, str]]:
    """Whom the clients' projects give rights."""
    return [service_account(PLATFORM) if cluster else {"kind": "User", "name": _full(PLATFORM)}]


def service_account(name: str) -> dict[str, str]:
    """Whom a binding names on a cluster that somebody else runs."""
    return {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}


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
    metadata = {"name": _full(PLATFORM), "namespace": ARGOCD_NAMESPACE}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": [rule],
    }


def _argocd_binding(subject: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": _full(PLATFORM), "namespace": ARGOCD_NAMESPACE},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": _full(PLATFORM)},
        "subjects": [subject],
    }


def _full(name: str) -> str:
    """The name in the cluster, of a user or a role."""
    return f"bot-freqtrade:{name}"
