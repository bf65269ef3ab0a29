# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The role cluster_addons with Helm on a real Kubernetes API.

metrics-server, External Secrets and the platform's monitoring are the real charts, and the kinds that watch
addons are the real ones. The others are stand-ins: their charts are in their own repositories only.
"""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.tests.support import addon_charts
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi, api_server
from ansible_collections.bot_freqtrade.platform.tests.support.plays import Played, play_role
from ansible_collections.bot_freqtrade.platform.tests.support.processes import find_binary
from ansible_collections.bot_freqtrade.platform.tests.support.workloads import workloads

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
STAND_INS = ("traefik", "argo-cd", "fluent-bit", "rancher")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[KubeApi]:
    folder = tmp_path_factory.mktemp("cluster")
    with api_server(folder) as api, workloads(api, folder):
        yield api


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("charts")
    made = {
        "kube-prometheus-stack": addon_charts.prometheus_stand_in(folder),
        "metrics-server": addon_charts.metrics_server(folder),
        "external-secrets": addon_charts.external_secrets(folder),
        **{name: addon_charts.stand_in(name, folder) for name in STAND_INS},
    }
    return {name: str(path) for name, path in made.items()}


def _play(cluster: KubeApi, folder: Path, *options: str, **variables: t.Any) -> Played:
    given = {"platform_kubeconfig": str(cluster.kubeconfig), **variables}
    return play_role("cluster_addons", given, folder, *options)


def _releases(cluster: KubeApi) -> dict[str, t.Any]:
    command = [find_binary("helm"), "--kubeconfig", cluster.kubeconfig, "list", "-A", "-o", "json"]
    done = subprocess.run(command, check=True, capture_output=True)
    return {each["name"]: each for each in json.loads(done.stdout)}


def _values(cluster: KubeApi, release: dict[str, t.Any]) -> t.Any:
    """Return the values that a release was given."""
    command = [find_binary("helm"), "--kubeconfig", cluster.kubeconfig, "get", "values", release["name"]]
    options = ["--namespace", release["namespace"], "-o", "json"]
    return json.loads(subprocess.run([*command, *options], check=True, capture_output=True).stdout)


def test_all_addons_are_installed_once_in_their_order(
    cluster: KubeApi, charts: dict[str, str], tmp_path: Path
) -> None:
    # The second needs kinds that the first would have brought.
    some = ["kube-prometheus-stack", "platform-monitoring"]
    foreseen = _play(cluster, tmp_path, "--check", cluster_addons_charts=charts, cluster_addons_only=some)
    assert (foreseen.code, foreseen.changed) == (0, 1), foreseen.output
    assert _releases(cluster) == {}

    made = _play(cluster, tmp_path, cluster_addons_charts=charts)
    assert made.code == 0, made.output
    found = _releases(cluster)
    wanted = {each["name"]: each["namespace"] for each in addon_charts.pins() if not each.get("optional")}
    assert {name: each["namespace"] for name, each in found.items()} == wanted
    assert {each["status"] for each in found.values()} == {"deployed"}
    assert sorted(found, key=lambda name: found[name]["updated"]) == list(wanted)
    policies = cluster.request("GET", f"{ADMISSION}/validatingadmissionpolicies")["items"]
    assert [each["metadata"]["name"] for each in policies] == ["bot-freqtrade-external-secrets"]

    again = _play(cluster, tmp_path, cluster_addons_charts=charts)
    assert (again.code, again.changed) == (0, 0), again.output

    own = {"metrics-server": {"replicas": 3}, "rancher": {"hostname": "rancher.example.org"}}
    changed = _play(
        cluster,
        tmp_path,
        cluster_addons_charts=charts,
        cluster_addons_values=own,
        cluster_addons_only=["metrics-server"],
        cluster_addons_also=["rancher"],
    )
    assert changed.code == 0, changed.output
    found = _releases(cluster)
    revisions = {name: int(each["revision"]) for name, each in found.items()}
    assert revisions == {name: 2 if name == "metrics-server" else 1 for name in (*wanted, "rancher")}
    deployment = cluster.request("GET", "/apis/apps/v1/namespaces/kube-system/deployments/metrics-server")
    assert deployment["status"]["readyReplicas"] == 3
    assert found["rancher"]["namespace"] == "cattle-system"
    assert found["rancher"]["updated"] == max(each["updated"] for each in found.values())
    of_its_file = yaml.safe_load((addon_charts.INFRA / "addons" / "values" / "rancher.yaml").read_text())
    assert _values(cluster, found["rancher"]) == {**of_its_file, **own["rancher"]}


def test_a_name_that_no_addon_has_is_refused(cluster: KubeApi, tmp_path: Path) -> None:
    refused = _play(cluster, tmp_path, cluster_addons_also=["ranger"])
    assert refused.failed == 1
    assert "No addon has the name ranger" in refused.output


def test_nothing_is_installed_after_an_addon_that_failed(cluster: KubeApi, tmp_path: Path) -> None:
    before = _releases(cluster)
    mirror = {name: f"oci://127.0.0.1:1/charts/{name}" for name in ("traefik", "argo-cd")}
    refused = _play(
        cluster, tmp_path, cluster_addons_only=["traefik", "argo-cd"], cluster_addons_charts=mirror
    )
    assert refused.output.count('"code": "chart_unavailable"') == 1, refused.output
    assert _releases(cluster) == before


def test_every_addon_is_pinned_and_has_its_values() -> None:
    values = {path.stem for path in (addon_charts.INFRA / "addons" / "values").glob("*.yaml")}
    for addon in addon_charts.pins():
        if "path" in addon:
            assert (addon_charts.INFRA / addon["path"] / "Chart.yaml").is_file()
            continue
        assert addon["repository"].startswith("https://")
        assert addon["version"].count(".") == 2
        assert addon["app_version"]
        assert addon["name"] in values
    assert values <= {addon["name"] for addon in addon_charts.pins()}
    for path in (addon_charts.INFRA / "addons" / "values").glob("*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text()), dict), path
