# SPDX-License-Identifier: GPL-3.0-or-later
"""What confines a client's Application, and what makes the Applications."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import yaml

INFRA = Path(__file__).parents[4] / "infra"
REPOSITORY = "https://git.example.invalid/gitops.git"
OBJECTS = {
    manifest["kind"]: manifest
    for manifest in yaml.safe_load_all((INFRA / "argocd-application.yaml").read_text())
}


def render(chart: str, *options: str) -> list[dict[str, t.Any]]:
    command = ["helm", "template", "cliente-001", INFRA / "charts" / chart, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(done.stdout))


def made_for_a_client() -> dict[str, dict[str, t.Any]]:
    manifests = render("project", "--set", f"repository={REPOSITORY}")
    return {manifest["kind"]: manifest for manifest in manifests}


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
    assert made_for_a_client().keys() == {"AppProject", "Namespace"}
    metadata = made_for_a_client()["Namespace"]["metadata"]
    assert metadata["name"] == "cliente-001"
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    assert levels.items() <= metadata["labels"].items()


def test_a_bad_listing_deletes_nobody():
    policy = OBJECTS["ApplicationSet"]["spec"]["syncPolicy"]
    assert policy == {"applicationsSync": "create-update", "preserveResourcesOnDeletion": True}
    assert OBJECTS["ApplicationSet"]["spec"]["goTemplateOptions"] == ["missingkey=error"]


def test_the_set_may_make_projects_namespaces_and_stores_and_nothing_else():
    spec = OBJECTS["AppProject"]["spec"]
    assert spec["namespaceResourceWhitelist"] == [
        {"group": "argoproj.io", "kind": "AppProject"},
        {"group": "external-secrets.io", "kind": "SecretStore"},
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
