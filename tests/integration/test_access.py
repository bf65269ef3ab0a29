# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What may be done in a client's namespace, asked of a real Kubernetes API with RBAC and admission.

A client's project lets the playbooks do some things, and the addon External Secrets lets the client's objects
read the client's secrets only.
"""

from __future__ import annotations

import json
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._cluster import renew_crds
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._manifest import objects_of
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import client as kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import Content
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._kubernetes_store import (
    KubernetesStore,
)
from ansible_collections.bot_freqtrade.platform.tests.support import addon_charts
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi
from ansible_collections.bot_freqtrade.platform.tests.support.processes import find_binary

INFRA = Path(__file__).parents[2] / "infra"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
EXTERNAL_SECRETS = kubernetes.Resource("external-secrets.io", "v1", "externalsecrets", "ExternalSecret")
(ACCOUNT,) = yaml.safe_load((INFRA / "environment.yaml").read_text())["playbooks"]["subjects"]
CLIENT, UNBOUND, NEVER_SEEN = Client(951), Client(952), Client(953)
CONTENT = Content({"password": "a"}, {})
OWN_STORE, ELSEWHERE = {"name": CLIENT.namespace}, {"name": "elsewhere"}
A_KEY = {"secretKey": "a", "remoteRef": {"key": "a"}}


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
    project = {each["kind"]: each for each in made_for_the_client("project", repository="https://git")}
    kube_api.request("POST", "/api/v1/namespaces", project["Namespace"])
    for kind in ("Role", "RoleBinding"):
        path = f"{RBAC}/namespaces/{CLIENT.namespace}/{kind.lower()}s"
        kube_api.request("POST", path, project[kind])
    cluster = kubernetes.connect(str(kube_api.kubeconfig_of(ACCOUNT["namespace"], ACCOUNT["name"])))
    await_rights(cluster)
    return cluster


def made_for_the_client(chart: str, **values: t.Any) -> list[kubernetes.Object]:
    """What Argo CD makes of a chart for a client."""
    command = [find_binary("helm"), "template", CLIENT.host, INFRA / "charts" / chart]
    files = ["--values", INFRA / "environment.yaml", "--values", "-"]
    given = json.dumps(values)
    done = subprocess.run([*command, *files], check=True, capture_output=True, text=True, input=given)
    return list(yaml.safe_load_all(done.stdout))


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


@pytest.fixture(scope="module")
def admin(kube_api: KubeApi, playbooks: kubernetes.Cluster) -> kubernetes.Cluster:
    """The cluster as its administrator sees it, with what the addon External Secrets brings."""
    cluster = kubernetes.connect(str(kube_api.kubeconfig))
    renew_crds(cluster, objects_of(addon_charts.external_secret()))
    addon = yaml.safe_load((INFRA / "addons" / "values" / "external-secrets.yaml").read_text())
    policy, binding = addon["extraObjects"]
    kube_api.request("POST", f"{ADMISSION}/validatingadmissionpolicies", policy)
    kube_api.request("POST", f"{ADMISSION}/validatingadmissionpolicybindings", binding)
    await_policy(cluster)
    return cluster


def await_policy(cluster: kubernetes.Cluster) -> None:
    """The API server sees a new policy a moment later."""
    end = time.monotonic() + 10
    while True:
        try:
            ask(cluster, CLIENT.namespace, "any", {"secretStoreRef": ELSEWHERE, "data": [A_KEY]})
        except kubernetes.Invalid as refusal:
            if "ValidatingAdmissionPolicy" not in str(refusal):
                raise
            return
        assert time.monotonic() < end, "the policy did not come"
        time.sleep(0.1)


def ask(cluster: kubernetes.Cluster, namespace: str, name: str, spec: kubernetes.Object) -> None:
    """See that the API server would take an ExternalSecret."""
    kind = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret"}
    body = {**kind, "metadata": {"name": name}, "spec": spec}
    cluster.apply(EXTERNAL_SECRETS, namespace, name, body, dry_run=True)


@pytest.fixture(scope="module")
def of_the_chart(admin: kubernetes.Cluster) -> kubernetes.Object:
    """An ExternalSecret that the chart of a bot makes; all of them are in the cluster."""
    secrets = {
        "database": CLIENT.database_secret,
        "api": CLIENT.api_secret,
        "exchange": CLIENT.exchange_secret(1),
    }
    store = {"enabled": True, "region": "eu-central-1"}
    made = made_for_the_client("freqtrade", secrets=secrets, externalSecrets=store)
    found = {each["metadata"]["name"]: each for each in made if each["kind"] == "ExternalSecret"}
    assert found.keys() == set(secrets.values())
    for name, each in found.items():
        admin.apply(EXTERNAL_SECRETS, CLIENT.namespace, name, each)
    return found[CLIENT.database_secret]


@pytest.mark.parametrize("name", [CLIENT.database_secret, "another"])
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"dataFrom": [{"find": {"name": {"regexp": "."}}}]}, "has no dataFrom"),
        ({"data": [{**A_KEY, "sourceRef": {"storeRef": ELSEWHERE}}]}, "from the one store"),
        ({"secretStoreRef": ELSEWHERE}, "called like its namespace"),
        ({"secretStoreRef": {**OWN_STORE, "kind": "ClusterSecretStore"}}, "called like its namespace"),
    ],
)
def test_no_external_secret_of_a_client_reads_beyond_its_own_store(
    admin: kubernetes.Cluster, of_the_chart: kubernetes.Object, name: str, changes: dict[str, t.Any], why: str
) -> None:
    spec = {**of_the_chart["spec"], **changes}
    ask(admin, "default", name, spec)
    with pytest.raises(kubernetes.Invalid, match=why):
        ask(admin, CLIENT.namespace, name, spec)
