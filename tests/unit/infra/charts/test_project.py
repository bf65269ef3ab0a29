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


def project() -> dict[str, t.Any]:
    (manifest,) = render("project", "--set", f"repository={REPOSITORY}")
    return manifest


def test_a_client_reaches_its_own_namespace_and_this_repository_only():
    spec = project()["spec"]
    assert [destination["namespace"] for destination in spec["destinations"]] == ["cliente-001"]
    assert spec["sourceRepos"] == [REPOSITORY]


def test_a_client_makes_the_kinds_of_its_chart_and_its_namespace_only():
    spec = project()["spec"]
    made = {(manifest["apiVersion"].rpartition("/")[0], manifest["kind"]) for manifest in render("freqtrade")}
    assert {(kind["group"], kind["kind"]) for kind in spec["namespaceResourceWhitelist"]} == made
    assert spec["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace"}]


def test_a_bad_listing_deletes_nobody():
    policy = OBJECTS["ApplicationSet"]["spec"]["syncPolicy"]
    assert policy == {"applicationsSync": "create-update", "preserveResourcesOnDeletion": True}
    assert OBJECTS["ApplicationSet"]["spec"]["goTemplateOptions"] == ["missingkey=error"]


def test_the_set_may_make_projects_and_nothing_else():
    spec = OBJECTS["AppProject"]["spec"]
    assert spec["namespaceResourceWhitelist"] == [{"group": "argoproj.io", "kind": "AppProject"}]
    assert spec["clusterResourceWhitelist"] == []
    assert [destination["namespace"] for destination in spec["destinations"]] == ["argocd"]


def test_every_address_is_the_one_to_replace():
    text = (INFRA / "argocd-application.yaml").read_text()
    addresses = {line.split()[-1] for line in text.splitlines() if "://git." in line}
    assert len(addresses) == 1
