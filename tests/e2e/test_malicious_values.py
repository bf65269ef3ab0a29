# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client's file may not ask for: refused by the chart's schema, the client's project, or at admission.

A client's file reaches only the schema; what that takes of the environment's part, the environment overrides.
Project and admission are asked with manifests that no chart of the platform makes, in an Application of the
client's own project: they hold when the schema does not.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable, Iterator

import pytest
from kubernetes import client as kube

from tests.e2e.intruder import Intruder, values
from tests.e2e.live import Live, eventually, host

pytestmark = pytest.mark.timeout(600)

HONEST: t.Final = host(930)
VICTIM: t.Final = host(931)
NO_YAML: t.Final = host(932)
GREEDY: t.Final = host(933)
BRANCH: t.Final = "intruder"

ROLE: t.Final = {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
ASKED: t.Final[dict[str, tuple[str, dict[str, t.Any]]]] = {
    "another client's namespace": (host(941), {"namespace": VICTIM}),
    "a cluster role": (host(942), {"clusterRole": ROLE}),
    "a privileged container": (host(943), {"securityContext": {"privileged": True}}),
    "an unknown key of the bot": (host(944), {"bot": {"extraArguments": ["--db-url", "sqlite://"]}}),
    "parameters of the ApplicationSet": (
        host(945),
        {"path": {"basename": VICTIM}, "part": "project", "prefix": "intruder-"},
    ),
}
"""What a client's file asks for, and the client."""
SCHEMA_SAYS: t.Final = "values don't meet the specifications of the schema"
ENVIRONMENT: t.Final[dict[str, t.Any]] = {
    "image": {"repository": "elsewhere.example/bot", "tag": "latest"},
    "exchange": {"ccxtConfig": [{"urls": {"api": {"private": "https://elsewhere.example"}}}]},
    "networkPolicy": {"egress": [{"cidr": "169.254.169.254/32", "port": 80}]},
    "quota": {"pods": 50, "cpu": "64", "memory": "512Gi"},
}
"""What the schema takes from a client's file, and the environment says otherwise."""


def manifest(kind: str, version: str = "v1", **body: t.Any) -> str:
    """A manifest called ``intruder``, as text."""
    metadata = {"name": "intruder", **body.pop("metadata", {})}
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": metadata, **body})


RESTRICTED: t.Final = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
AMOUNTS: t.Final = {"cpu": "1m", "memory": "1Mi", "ephemeral-storage": "1Mi"}


def deployment(context: dict[str, t.Any], **pod: t.Any) -> str:
    """A Deployment whose pod is restricted but for what is given."""
    labels = {"app": "intruder"}
    container = {
        "name": "intruder",
        "image": "localhost/pause:local",
        "imagePullPolicy": "Never",
        "securityContext": {**RESTRICTED, **context},
        "resources": {"requests": AMOUNTS, "limits": AMOUNTS},
    }
    spec = {"containers": [container], "automountServiceAccountToken": False, **pod}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return manifest(
        "Deployment",
        "apps/v1",
        metadata={"labels": labels},
        spec={"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    )


RBAC: t.Final = "rbac.authorization.k8s.io"
UNCONFINED: t.Final = {"pod-security.kubernetes.io/enforce": "privileged"}
PROJECT_REFUSES: t.Final = {
    "a cluster role": (
        "cluster-role",
        manifest("ClusterRole", f"{RBAC}/v1", **ROLE),
        f"resource {RBAC}:ClusterRole is not permitted in project {HONEST}",
    ),
    "a role in its own namespace": (
        "role",
        manifest("Role", f"{RBAC}/v1", **ROLE),
        f"resource {RBAC}:Role is not permitted in project {HONEST}",
    ),
    "a binding that gives its pods the playbooks' role": (
        "role-binding",
        manifest(
            "RoleBinding",
            f"{RBAC}/v1",
            roleRef={"apiGroup": RBAC, "kind": "Role", "name": "playbooks"},
            subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": HONEST}],
        ),
        f"resource {RBAC}:RoleBinding is not permitted in project {HONEST}",
    ),
    "a secret, and so another's keys by name": (
        "secret",
        manifest("Secret", stringData={"a": "b"}),
        f"resource :Secret is not permitted in project {HONEST}",
    ),
    "an object in another client's namespace": (
        "elsewhere",
        manifest("ConfigMap", metadata={"namespace": VICTIM}, data={"a": "b"}),
        f"namespace {VICTIM} is not permitted in project '{HONEST}'",
    ),
    "its own namespace without confinement": (
        "namespace",
        manifest("Namespace", metadata={"name": HONEST, "labels": UNCONFINED}),
        f"resource :Namespace is not permitted in project {HONEST}",
    ),
    "a project of its own": (
        "project",
        manifest("AppProject", "argoproj.io/v1alpha1", spec={"sourceRepos": ["*"]}),
        f"resource argoproj.io:AppProject is not permitted in project {HONEST}",
    ),
}
"""Folder, manifest, and what Argo CD says."""
ADMISSION_REFUSES: t.Final = {
    "a privileged container": (
        "privileged",
        deployment({"privileged": True, "allowPrivilegeEscalation": True}),
        "securityContext.privileged=true",
    ),
    "the kernel's administration": (
        "capability",
        deployment({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}),
        "unrestricted capabilities",
    ),
    "the node's files": (
        "node-files",
        deployment({}, volumes=[{"name": "node", "hostPath": {"path": "/"}}]),
        'type "hostPath"',
    ),
    "the node's network": ("node-network", deployment({}, hostNetwork=True), "host namespaces"),
    "a container of root": ("root", deployment({"runAsUser": 0, "runAsNonRoot": False}), "runAsNonRoot"),
}
"""Folder, manifest, and what is said of it, as a regular expression."""


@pytest.fixture(scope="module")
def intruder(live: Live) -> Iterator[Intruder]:
    """Clients whose files ask for too much, beside two whose files do not; a branch with bad manifests."""
    intruder = Intruder(live)
    asking = {client: values(**asked) for client, asked in ASKED.values()}
    manifests = {
        f"attacks/{folder}/manifest.yaml": text
        for folder, text, _ in (*PROJECT_REFUSES.values(), *ADMISSION_REFUSES.values())
    }
    intruder.publish(manifests, BRANCH)
    others = {NO_YAML: "replicas: [\n", GREEDY: values(**ENVIRONMENT)}
    with intruder.clients({HONEST: values(), VICTIM: values(), **others, **asking}):
        yield intruder


@pytest.fixture
def made(live: Live) -> Callable[[str], set[str]]:
    """Names of what a namespace holds of the kinds that a chart makes; empty when there is no namespace."""

    def look(namespace: str) -> set[str]:
        core, apps = live.core, live.apps
        lists = (
            core.list_namespaced_config_map,
            core.list_namespaced_service,
            core.list_namespaced_pod,
            core.list_namespaced_resource_quota,
            apps.list_namespaced_deployment,
        )
        names = {item.metadata.name for list_them in lists for item in list_them(namespace).items}
        return names - {"kube-root-ca.crt"}

    return look


@pytest.fixture
def honest(intruder: Intruder, made: Callable[[str], set[str]]) -> set[str]:
    """What the two honest clients have; there in spite of their neighbours."""
    for name in (HONEST, VICTIM):
        intruder.synced(name)
    assert made(HONEST) == {name.replace(VICTIM, HONEST) for name in made(VICTIM)}
    return made(HONEST)


@pytest.mark.parametrize("asked", ASKED)
def test_the_schema_refuses_what_a_clients_file_asks_for(
    intruder: Intruder, honest: set[str], made: Callable[[str], set[str]], asked: str
) -> None:
    client, extra = ASKED[asked]
    said = intruder.says(client, SCHEMA_SAYS)
    assert next(iter(extra.get("bot", extra))) in said
    assert made(client) == set()
    assert intruder.applications(client) == intruder.applications(HONEST)


def test_a_file_that_is_no_yaml_stops_nobody_but_its_client(
    intruder: Intruder, honest: set[str], made: Callable[[str], set[str]]
) -> None:
    intruder.says(NO_YAML, "values.yaml")
    assert made(NO_YAML) == set()
    assert honest


def test_what_a_clients_file_says_of_the_environment_changes_nothing(
    live: Live, intruder: Intruder, honest: set[str]
) -> None:
    intruder.synced(GREEDY)
    assert specifications(live, GREEDY) == specifications(live, VICTIM)


@pytest.mark.parametrize("asked", PROJECT_REFUSES)
def test_the_project_refuses(
    live: Live, intruder: Intruder, honest: set[str], made: Callable[[str], set[str]], asked: str
) -> None:
    folder, _, message = PROJECT_REFUSES[asked]
    with intruder.application(f"intruder-{folder}", HONEST, targetRevision=BRANCH, path=f"attacks/{folder}"):
        intruder.says(f"intruder-{folder}", message)
        assert made(HONEST) == honest
        assert "intruder" not in made(VICTIM)
        assert live.core.read_namespace(HONEST).metadata.labels["pod-security.kubernetes.io/enforce"] == (
            "restricted"
        )
        roles = kube.RbacAuthorizationV1Api().list_cluster_role().items
        assert "intruder" not in {role.metadata.name for role in roles}


@pytest.mark.parametrize(
    ("part", "value"),
    [("namespace", VICTIM), ("namespace", "kube-system"), ("repoURL", "https://git.example.invalid/x.git")],
)
def test_the_project_refuses_an_application_that_leaves_it(
    intruder: Intruder, honest: set[str], made: Callable[[str], set[str]], part: str, value: str
) -> None:
    before = made(VICTIM)
    with intruder.application("intruder-leaves", HONEST, **{part: value}):
        assert value in intruder.says("intruder-leaves", f" in project '{HONEST}'")
        assert made(VICTIM) == before


@pytest.mark.parametrize("asked", ADMISSION_REFUSES)
def test_admission_refuses(live: Live, intruder: Intruder, honest: set[str], asked: str) -> None:
    folder, _, message = ADMISSION_REFUSES[asked]
    name = f"intruder-{folder}"
    with intruder.application(name, HONEST, targetRevision=BRANCH, path=f"attacks/{folder}"):
        said = eventually(lambda: refusal(live, intruder, name), f"a refusal of {name}", 60)
        if deployed(live):
            live.apps.delete_namespaced_deployment("intruder", HONEST)
    assert re.search(message, said), said
    assert not live.core.list_namespaced_pod(HONEST, label_selector="app=intruder").items


def test_the_quota_refuses_more_pods_than_agreed(live: Live, honest: set[str]) -> None:
    (quota,) = live.core.list_namespaced_resource_quota(HONEST).items
    agreed = quota.spec.hard["pods"]
    pod = json.loads(deployment({}, nodeSelector={"runs": "nowhere"}))["spec"]["template"]
    pod["metadata"]["generateName"] = "intruder-"
    said = f"exceeded quota: {quota.metadata.name}, requested: pods=1, used: pods={agreed}"
    try:
        for _ in range(int(agreed)):
            live.core.create_namespaced_pod(HONEST, pod)
        with pytest.raises(kube.ApiException, match=said):
            live.core.create_namespaced_pod(HONEST, pod)
    finally:
        live.core.delete_collection_namespaced_pod(HONEST, label_selector="app=intruder")


def specifications(live: Live, client: str) -> str:
    """What the environment has a part in, as text without the client's names."""
    lists = (
        live.apps.list_namespaced_deployment,
        live.core.list_namespaced_limit_range,
        live.core.list_namespaced_resource_quota,
        kube.NetworkingV1Api().list_namespaced_network_policy,
    )
    found = [item.spec for list_them in lists for item in list_them(client).items]
    text = json.dumps(kube.ApiClient().sanitize_for_serialization(found))
    return text.replace(client, "client").replace(client.replace("-", "_"), "client")


def deployed(live: Live) -> list[t.Any]:
    """The intruder's Deployment, if there is one."""
    return list(live.apps.list_namespaced_deployment(HONEST, label_selector="app=intruder").items)


def refusal(live: Live, intruder: Intruder, name: str) -> str | None:
    """Why Kubernetes takes no Deployment, or makes no pod of it; None while it does not say."""
    for condition in (found for item in deployed(live) for found in item.status.conditions or ()):
        if condition.type == "ReplicaFailure":
            return str(condition.message)
    operation = intruder.status(name).get("operationState", {})
    return str(operation["message"]) if operation.get("phase") == "Failed" else None
