# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A cluster that somebody else runs: what it must have, what is made in it, and how that goes again."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
import typing as t
from pathlib import Path

import yaml

from . import access
from .argocd import CRDS
from .argocd import NAMESPACE as ARGOCD_NAMESPACE
from .errors import LocalPlatformError
from .gitops_root import git
from .kubectl import Kubectl
from .options import ExistingCluster
from .paths import Layout
from .pki import write_private

APPLICATION_SET = "clientes"
CLIENTS = "app.kubernetes.io/part-of=bot-freqtrade"
"""What the namespaces of clients are labelled with."""
REFRESH = "argocd.argoproj.io/application-set-refresh"
LISTING_SECONDS = 60
ERROR_SECONDS = 20
"""An error may be an older one's; this is how long it may take to be tried again."""
TOKEN_HOURS = 24


def connect(cluster: ExistingCluster) -> Kubectl:
    """Return the cluster after seeing that it has what the platform needs.

    :raises LocalPlatformError: names what is missing.
    """
    cluster.require()
    kubectl = reach(cluster)
    if not kubectl.succeeds("auth", "can-i", "*", "*", "--all-namespaces"):
        raise LocalPlatformError(
            f"The user of {cluster.kubeconfig} is no administrator of the cluster, in which namespaces and "
            f"rights are made"
        )
    kinds = [f"{file.removesuffix('-crd.yaml')}s.argoproj.io" for file in CRDS]
    missing = [name for name in kinds if not kubectl.succeeds("get", "crd", name)]
    if missing:
        raise LocalPlatformError(
            f"Argo CD is not installed in the cluster: {', '.join(missing)} missing. "
            f"Install Argo CD 3 in the namespace {ARGOCD_NAMESPACE}"
        )
    if not kubectl.succeeds("get", "namespace", ARGOCD_NAMESPACE):
        raise LocalPlatformError(
            f"Argo CD is not in the namespace {ARGOCD_NAMESPACE}, which is where it is looked for"
        )
    try:
        git("ls-remote", "--heads", cluster.gitops_repository)
    except LocalPlatformError as error:
        raise LocalPlatformError(f"This host cannot read the GitOps repository: {error}") from error
    return kubectl


def reach(cluster: ExistingCluster) -> Kubectl:
    """Return the cluster after seeing that it answers.

    :raises LocalPlatformError: when it does not.
    """
    program = shutil.which("kubectl")
    if program is None:
        raise LocalPlatformError("kubectl is not on PATH")
    kubectl = Kubectl(program, cluster.kubeconfig)
    if not kubectl.succeeds("get", "--raw", "/readyz", "--request-timeout=10s"):
        raise LocalPlatformError(f"The cluster of {cluster.kubeconfig} does not answer")
    return kubectl


def require_unused(kubectl: Kubectl) -> None:
    """See that no other platform of this kind is in the cluster: the names of what both make are the same.

    :raises LocalPlatformError: names what there is.
    """
    there = kubectl.run("get", "namespaces", "--selector", CLIENTS, "-o", "name").split()
    applications = ("applicationset", APPLICATION_SET, "--namespace", ARGOCD_NAMESPACE)
    for name in (applications, ("namespace", access.NAMESPACE)):
        there += kubectl.run("get", *name, "--ignore-not-found", "-o", "name").split()
    if there:
        raise LocalPlatformError(f"Another platform is in the cluster already: {', '.join(there)}")


def record(layout: Layout, kubectl: Kubectl, cluster: ExistingCluster) -> None:
    """Keep what is needed to take away again what will be made in the cluster."""
    text = kubectl.run("config", "view", "--raw", "--flatten", "--minify")
    write_private(layout.admin_kubeconfig, text)
    kept = dataclasses.replace(cluster, kubeconfig=layout.admin_kubeconfig)
    write_private(_record(layout), json.dumps(dataclasses.asdict(kept), default=str))


def recorded(layout: Layout) -> ExistingCluster | None:
    """The cluster that this checkout's platform uses; None when it is its own, or there is none."""
    if not _record(layout).exists():
        return None
    kept = json.loads(_record(layout).read_text(encoding="utf-8"))
    return ExistingCluster(**{**kept, "kubeconfig": Path(kept["kubeconfig"])})


def require_same(former: ExistingCluster | None, now: ExistingCluster | None) -> None:
    """See that a platform that is up stays with its cluster.

    :raises LocalPlatformError: when it shall use another one.
    """
    # The image may change: pods get another one. The copy of the kubeconfig has another place.
    places = [
        cluster and (cluster.gitops_repository, cluster.host_address, cluster.pod_network)
        for cluster in (former, now)
    ]
    if places[0] != places[1]:
        raise LocalPlatformError(
            "The platform that is up uses another cluster, address or repository; take it down first "
            "(make demo-down)"
        )


def await_listing(kubectl: Kubectl) -> None:
    """Wait until Argo CD has read the GitOps repository.

    :raises LocalPlatformError: with what Argo CD says.
    """
    name = ("applicationset", APPLICATION_SET, "--namespace", ARGOCD_NAMESPACE)
    kubectl.run("annotate", *name, f"{REFRESH}=true", "--overwrite")
    began = time.monotonic()
    while True:
        seen = json.loads(kubectl.run("get", *name, "-o", "json"))
        # The controller takes the annotation away once it has read the repository anew.
        if REFRESH not in seen["metadata"].get("annotations", {}):
            return
        error = _error(seen)
        if time.monotonic() - began > (ERROR_SECONDS if error else LISTING_SECONDS):
            raise LocalPlatformError(
                f"Argo CD cannot read the GitOps repository: {error}. Give it access (argocd repo add)"
                if error
                else f"Argo CD did not read the GitOps repository within {LISTING_SECONDS} s: "
                f"does its ApplicationSet controller run in the namespace {ARGOCD_NAMESPACE}?"
            )
        time.sleep(0.5)


def leave(kubectl: Kubectl) -> None:
    """Remove everything that the platform and its playbooks made in the cluster.

    :raises LocalPlatformError: when something cannot be removed.
    """
    argocd = ("--namespace", ARGOCD_NAMESPACE)
    listed = json.loads(kubectl.run("get", "applications", *argocd, "-o", "json"))["items"]
    applications = [item["metadata"]["name"] for item in listed if _is_listed(item)]
    namespaces = kubectl.run("get", "namespaces", "--selector", CLIENTS, "-o", "name").split()
    projects = {name.removeprefix("project-") for name in applications} | {"clientes-projects"}
    # In this order: what is left of the former would make the latter again.
    _delete(kubectl, *argocd, f"applicationset/{APPLICATION_SET}")
    _delete(kubectl, *argocd, *(f"application/{name}" for name in applications))
    _delete(kubectl, *argocd, *(f"appproject/{name}" for name in sorted(projects)))
    access.remove(kubectl)
    _delete(kubectl, *namespaces, f"namespace/{access.NAMESPACE}")


class ServiceAccounts:
    """The platform's users, as a cluster makes them that signs no certificates for us."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def install(self) -> None:
        """Make the accounts and their namespace."""
        metadata = {"name": access.NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
        accounts = [
            {"kind": "ServiceAccount", "metadata": {"name": name, "namespace": access.NAMESPACE}}
            for name in access.NAMES
        ]
        objects = [{"kind": "Namespace", "metadata": metadata}, *accounts]
        self._kubectl.apply(*({"apiVersion": "v1", **item} for item in objects))

    def subject(self, name: str) -> dict[str, str]:
        return access.service_account(name)

    def kubeconfig(self, name: str) -> str:
        """The operator's way to the cluster with a token of the account, good for :data:`TOKEN_HOURS`."""
        config = yaml.safe_load(self._kubectl.run("config", "view", "--raw", "--flatten", "--minify"))
        duration = f"--duration={TOKEN_HOURS}h"
        token = self._kubectl.run("create", "token", name, "--namespace", access.NAMESPACE, duration).strip()
        user = config["contexts"][0]["context"]["user"]
        return yaml.safe_dump({**config, "users": [{"name": user, "user": {"token": token}}]})


def _record(layout: Layout) -> Path:
    return layout.local / "existing-cluster.json"


def _is_listed(application: t.Mapping[str, t.Any]) -> bool:
    """Whether an Application was made by the platform's ApplicationSet."""
    owners = application["metadata"].get("ownerReferences", [])
    return ("ApplicationSet", APPLICATION_SET) in {(owner["kind"], owner["name"]) for owner in owners}


def _delete(kubectl: Kubectl, *arguments: str) -> None:
    """Delete objects and wait until they are gone; options alone name none."""
    if any("/" in argument for argument in arguments):
        kubectl.run("delete", "--ignore-not-found", "--timeout=120s", *arguments)


def _error(application_set: t.Mapping[str, t.Any]) -> str:
    conditions = application_set.get("status", {}).get("conditions", [])
    return next(
        (
            item["message"]
            for item in conditions
            if (item["type"], item["status"]) == ("ErrorOccurred", "True")
        ),
        "",
    )
