# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What a client's project lets the playbooks do, asked of a real Kubernetes API with RBAC."""

from __future__ import annotations

import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import client as kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import Content
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._kubernetes_store import (
    KubernetesStore,
)
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi
from ansible_collections.bot_freqtrade.platform.tests.support.processes import find_binary

INFRA = Path(__file__).parents[2] / "infra"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
(ACCOUNT,) = yaml.safe_load((INFRA / "environment.yaml").read_text())["playbooks"]["subjects"]
CLIENT, UNBOUND, NEVER_SEEN = Client(951), Client(952), Client(953)
CONTENT = Content({"password": "a"}, {})


@pytest.fixture(scope="module")
def playbooks(kube_api: KubeApi) -> kubernetes.Cluster:
    """The cluster as the listener sees it: it may look for a namespace, and do what a project lets it."""
    for name in (ACCOUNT["namespace"], UNBOUND.namespace):
        kube_api.create_namespace(name)
    rule = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}
    kube_api.request("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "playbooks"}, "rules": [rule]})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "playbooks"}
    binding = {"metadata": {"name": "playbooks"}, "roleRef": role, "subjects": [ACCOUNT]}
    kube_api.request("POST", f"{RBAC}/clusterrolebindings", binding)
    project = objects_of_the_project()
    kube_api.request("POST", "/api/v1/namespaces", project["Namespace"])
    for kind in ("Role", "RoleBinding"):
        path = f"{RBAC}/namespaces/{CLIENT.namespace}/{kind.lower()}s"
        kube_api.request("POST", path, project[kind])
    cluster = kubernetes.connect(str(kube_api.kubeconfig_of(ACCOUNT["namespace"], ACCOUNT["name"])))
    await_rights(cluster)
    return cluster


def objects_of_the_project() -> dict[str, t.Any]:
    """What Argo CD makes for a client, by its kind."""
    command = [find_binary("helm"), "template", CLIENT.host, INFRA / "charts" / "project"]
    values = ["--values", INFRA / "environment.yaml", "--set", "repository=https://git.example/gitops.git"]
    done = subprocess.run([*command, *values], check=True, capture_output=True, text=True)
    return {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}


def await_rights(cluster: kubernetes.Cluster) -> None:
    """The API server sees new roles a moment later."""
    end = time.monotonic() + 10
    while True:
        try:
            cluster.get(kubernetes.NAMESPACES, None, "default")
            cluster.list(kubernetes.PODS, CLIENT.namespace)
        except kubernetes.Forbidden:
            assert time.monotonic() < end, "the rights did not come"
            time.sleep(0.1)
        else:
            return


def test_playbooks_keep_the_secrets_and_watch_the_bot_of_a_client(playbooks: kubernetes.Cluster) -> None:
    store = KubernetesStore(playbooks, CLIENT.namespace)
    store.create(CLIENT.database_secret, CONTENT)
    found = store.read(CLIENT.database_secret)
    assert found is not None
    store.replace(found, Content({"password": "b"}, {}))
    assert store.names() == [CLIENT.database_secret]
    store.delete(CLIENT.database_secret)
    assert store.names() == []
    for resource in (kubernetes.DEPLOYMENTS, kubernetes.REPLICA_SETS, kubernetes.PODS):
        assert playbooks.list(resource, CLIENT.namespace) == []
    with pytest.raises(kubernetes.NotFound):
        playbooks.log(CLIENT.namespace, "none", "freqtrade", lines=1)


@pytest.mark.parametrize("namespace", ["default", "kube-system", UNBOUND.namespace, None])
@pytest.mark.parametrize("resource", [kubernetes.SECRETS, kubernetes.PODS, kubernetes.DEPLOYMENTS])
def test_playbooks_see_nothing_elsewhere(
    playbooks: kubernetes.Cluster, resource: kubernetes.Resource, namespace: str | None
) -> None:
    with pytest.raises(kubernetes.Forbidden):
        playbooks.list(resource, namespace)


def test_playbooks_give_themselves_no_rights(playbooks: kubernetes.Cluster) -> None:
    roles = kubernetes.Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
    with pytest.raises(kubernetes.Forbidden):
        playbooks.create(roles, CLIENT.namespace, {"metadata": {"name": "more"}, "rules": []})


def test_a_client_never_seen_has_no_secrets(playbooks: kubernetes.Cluster) -> None:
    store = KubernetesStore(playbooks, NEVER_SEEN.namespace)
    assert store.read(NEVER_SEEN.database_secret) is None
    assert store.names() == []


@pytest.mark.parametrize("look", ["read", "names", "create"])
def test_a_namespace_whose_rights_have_not_come_decides_nothing(
    playbooks: kubernetes.Cluster, look: str
) -> None:
    store = KubernetesStore(playbooks, UNBOUND.namespace)
    looks: dict[str, t.Callable[[], t.Any]] = {
        "read": lambda: store.read(UNBOUND.database_secret),
        "names": store.names,
        "create": lambda: store.create(UNBOUND.database_secret, CONTENT),
    }
    with pytest.raises(kubernetes.Forbidden) as caught:
        looks[look]()
    assert caught.value.category is Category.UNDECIDED
