# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks' kubeconfig reaches: its clients' namespaces, and no Secret elsewhere."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator

import pytest
import yaml
from kubernetes import client as kube
from kubernetes import config

from tests.e2e.intruder import ARGOCD, SET, Intruder, values
from tests.e2e.live import Live, host

pytestmark = pytest.mark.timeout(300)

CLIENT: t.Final = host(951)


@pytest.fixture(scope="module")
def playbooks(live: Live) -> Iterator[kube.ApiClient]:
    """The API as playbooks reach it, when a client has just been made."""
    variables = pathlib.Path(live.facts["inventory"]) / "group_vars" / "all.yml"
    kubeconfig = yaml.safe_load(variables.read_text())["platform_kubeconfig"]
    assert kubeconfig != live.facts["admin_kubeconfig"]
    intruder = Intruder(live)
    with intruder.clients({CLIENT: values()}):
        intruder.synced(CLIENT)
        with config.new_client_from_config(kubeconfig) as api:
            yield api


def test_a_clients_secrets_can_be_written_once_its_application_is_synced(playbooks: kube.ApiClient) -> None:
    core, name = kube.CoreV1Api(playbooks), f"{CLIENT}-probe"
    core.create_namespaced_secret(CLIENT, {"metadata": {"name": name}, "stringData": {"a": "b"}})
    assert core.read_namespaced_secret(name, CLIENT).data
    core.delete_namespaced_secret(name, CLIENT)
    assert core.list_namespaced_pod(CLIENT).items == []


def test_an_application_can_be_told_to_look(playbooks: kube.ApiClient) -> None:
    refresh = {"metadata": {"annotations": {"argocd.argoproj.io/application-set-refresh": "true"}}}
    kube.CustomObjectsApi(playbooks).patch_namespaced_custom_object(*ARGOCD, "applicationsets", SET, refresh)


def test_argo_cds_own_secret_is_not_to_be_read(live: Live, playbooks: kube.ApiClient) -> None:
    assert live.core.read_namespaced_secret("argocd-secret", "argocd").data
    assert refused(lambda: kube.CoreV1Api(playbooks).read_namespaced_secret("argocd-secret", "argocd"))


@pytest.mark.parametrize("namespace", ["argocd", "kube-system", "default"])
def test_no_secret_and_no_pod_elsewhere_is_seen(playbooks: kube.ApiClient, namespace: str) -> None:
    core = kube.CoreV1Api(playbooks)
    assert refused(lambda: core.list_namespaced_secret(namespace))
    assert refused(lambda: core.list_namespaced_pod(namespace))
    assert refused(lambda: core.create_namespaced_secret(namespace, {"metadata": {"name": "intruder"}}))


def test_no_secrets_of_all_namespaces_are_listed(playbooks: kube.ApiClient) -> None:
    assert refused(lambda: kube.CoreV1Api(playbooks).list_secret_for_all_namespaces())


def test_no_rights_are_given_away(playbooks: kube.ApiClient) -> None:
    role = {"metadata": {"name": "intruder"}, "rules": []}
    assert refused(lambda: kube.RbacAuthorizationV1Api(playbooks).create_namespaced_role(CLIENT, role))
    project = {"spec": {"sourceRepos": ["*"]}}
    objects = kube.CustomObjectsApi(playbooks)
    assert refused(lambda: objects.patch_namespaced_custom_object(*ARGOCD, "appprojects", CLIENT, project))


def refused(act: t.Callable[[], t.Any]) -> bool:
    """Whether Kubernetes answers that the caller may not."""
    with pytest.raises(kube.ApiException) as caught:
        act()
    return bool(caught.value.status == 403)
