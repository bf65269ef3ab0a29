# SPDX-License-Identifier: GPL-3.0-or-later
"""What confines a client's Application, and what makes the Applications."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.tests.support.manifests import fault

INFRA = Path(__file__).parents[4] / "infra"
REPOSITORY = "https://git.example.invalid/gitops.git"
OBJECTS = {
    manifest["kind"]: manifest
    for manifest in yaml.safe_load_all((INFRA / "argocd-application.yaml").read_text())
}


RBAC = "rbac.authorization.k8s.io"


def helm(chart: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["helm", "template", "cliente-001", INFRA / "charts" / chart, *options]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def render(chart: str, *options: str) -> list[dict[str, t.Any]]:
    done = helm(chart, *options)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def made_for_a_client(*subjects: dict[str, str]) -> dict[str, dict[str, t.Any]]:
    manifests = render("project", *project_options(*subjects))
    return {manifest["kind"]: manifest for manifest in manifests}


def project_options(*subjects: dict[str, str]) -> tuple[str, ...]:
    return ("--set", f"repository={REPOSITORY}", "--set-json", f"playbooks.subjects={json.dumps(subjects)}")


def project() -> dict[str, t.Any]:
    return made_for_a_client()["AppProject"]


def test_a_client_reaches_its_own_namespace_and_this_repository_only():
    spec = project()["spec"]
    assert [destination["namespace"] for destination in spec["destinations"]] == ["cliente-001"]
    assert spec["sourceRepos"] == [REPOSITORY]


def test_a_client_makes_the_kinds_of_its_chart_and_nothing_of_the_cluster():
    spec = project()["spec"]
    store = ("--set", "externalSecrets.enabled=true,externalSecrets.region=eu-central-1")
    manifests = render("freqtrade", *store, "--set", "secrets.api=cliente-001-api")
    made = {(manifest["apiVersion"].rpartition("/")[0], manifest["kind"]) for manifest in manifests}
    assert {(kind["group"], kind["kind"]) for kind in spec["namespaceResourceWhitelist"]} == made
    assert spec["clusterResourceWhitelist"] == []


def test_a_clients_namespace_is_restricted_and_not_for_the_client_to_make():
    assert made_for_a_client().keys() == {"AppProject", "Namespace", "Role", "RoleBinding"}
    metadata = made_for_a_client()["Namespace"]["metadata"]
    assert metadata["name"] == "cliente-001"
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    assert levels.items() <= metadata["labels"].items()


def test_the_playbooks_get_the_clients_namespace_and_change_nothing_but_secrets():
    made = made_for_a_client({"kind": "User", "name": "bot-freqtrade:platform"})
    role, binding = made["Role"], made["RoleBinding"]
    assert {role["metadata"]["namespace"], binding["metadata"]["namespace"]} == {"cliente-001"}
    assert binding["roleRef"] == {"apiGroup": RBAC, "kind": "Role", "name": role["metadata"]["name"]}
    writable = {
        resource
        for rule in role["rules"]
        for resource in rule["resources"]
        if not set(rule["verbs"]) <= {"get", "list"}
    }
    assert writable == {"secrets"}
    assert "*" not in str(role["rules"])
    for manifest in (role, binding):
        assert fault(manifest) is None


def test_the_playbooks_are_a_service_account_a_user_or_a_group():
    account = {"kind": "ServiceAccount", "name": "listener", "namespace": "platform"}
    people = [{"kind": "User", "name": "bot-freqtrade:platform"}, {"kind": "Group", "name": "operators"}]
    bound = made_for_a_client(account, *people)["RoleBinding"]["subjects"]
    assert bound == [account, *({**each, "apiGroup": RBAC} for each in people)]


def test_a_binding_stays_when_nobody_is_named_so_that_nobody_keeps_its_rights():
    assert "subjects" not in made_for_a_client()["RoleBinding"]


@pytest.mark.parametrize(
    "subject",
    [
        {"kind": "Group", "name": "system:authenticated"},
        {"kind": "User", "name": "system:anonymous"},
        {"kind": "User", "name": "*"},
        {"kind": "User", "name": "operator", "namespace": "platform"},
        {"kind": "ServiceAccount", "name": "listener"},
        {"kind": "Node", "name": "operator"},
        {"kind": "User"},
    ],
)
def test_no_binding_is_for_everybody_or_for_somebody_who_cannot_be(subject: dict[str, str]):
    assert (
        "values don't meet the specifications of the schema"
        in helm("project", *project_options(subject)).stderr
    )


def test_a_bad_listing_deletes_nobody():
    policy = OBJECTS["ApplicationSet"]["spec"]["syncPolicy"]
    assert policy == {"applicationsSync": "create-update", "preserveResourcesOnDeletion": True}
    assert OBJECTS["ApplicationSet"]["spec"]["goTemplateOptions"] == ["missingkey=error"]


def test_the_set_may_make_what_a_project_consists_of_and_nothing_else():
    spec = OBJECTS["AppProject"]["spec"]
    assert spec["namespaceResourceWhitelist"] == [
        {"group": "argoproj.io", "kind": "AppProject"},
        {"group": "external-secrets.io", "kind": "SecretStore"},
        {"group": RBAC, "kind": "Role"},
        {"group": RBAC, "kind": "RoleBinding"},
    ]
    assert spec["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace"}]
    assert [destination["namespace"] for destination in spec["destinations"]] == ["argocd", "cliente-*"]


def test_nothing_that_a_client_writes_is_a_parameter_of_the_set():
    (matrix,) = OBJECTS["ApplicationSet"]["spec"]["generators"]
    git, _parts = matrix["matrix"]["generators"]
    assert git["git"]["directories"] == [{"path": "clientes/cliente-*"}]
    assert "files" not in git["git"]


def test_every_address_is_the_one_to_replace():
    text = (INFRA / "argocd-application.yaml").read_text()
    addresses = {line.split()[-1] for line in text.splitlines() if "://git." in line}
    assert len(addresses) == 1
