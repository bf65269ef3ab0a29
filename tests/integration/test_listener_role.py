# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The role listener with Helm on a real Kubernetes API, which makes pods but runs none."""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi, api_server
from ansible_collections.bot_freqtrade.platform.tests.support.plays import Played, play_role
from ansible_collections.bot_freqtrade.platform.tests.support.processes import find_binary
from ansible_collections.bot_freqtrade.platform.tests.support.workloads import workloads

CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
CANARY = "canary-of-the-listener"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[KubeApi]:
    folder = tmp_path_factory.mktemp("cluster")
    with api_server(folder) as api, workloads(api, folder):
        api.create_namespace("argocd")
        yield api


@pytest.fixture
def variables(cluster: KubeApi, tmp_path: Path) -> dict[str, t.Any]:
    """What an operator gives, in files that only they read."""

    def secret(name: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(f"{CANARY}-{path.name}\n")
        return str(path)

    secret("keys/1a2b3c4d.key")
    return {
        "platform_kubeconfig": str(cluster.kubeconfig),
        "platform_gitops_repository": "ssh://git@git.example.org/gitops.git",
        "platform_database": {
            "host": "db.example.org",
            "user": "platform_admin",
            "passfile": secret("pgpass-admin"),
            "reader": "platform_metrics",
        },
        "platform_database_pod_host": "db.example.org",
        "platform_key_directory": str(tmp_path / "keys"),
        "database_listener": {
            "name": "platform",
            "user": "platform_listener",
            "passfile": secret("pgpass-listener"),
        },
        "database_reader": {"passfile": secret("pgpass-reader")},
        "listener_operator_key_file": secret("operator.key"),
        "listener_git_key_file": secret("git.key"),
        "listener_known_hosts": "git.example.org ssh-ed25519 AAAA",
        "listener_image_repository": "registry.example.org/freqtrade-listener",
        "listener_image_digest": "sha256:" + 64 * "a",
        "listener_chain": {"id": 137, "contract": CONTRACT, "rpc_url_file": secret("rpc-url")},
        "listener_egress": [{"cidr": "10.0.0.0/16", "port": 5432}],
        "listener_helm": str(find_binary("helm")),
    }


def test_the_listener_comes_and_follows_what_its_operator_changes(
    cluster: KubeApi, variables: dict[str, t.Any], tmp_path: Path
) -> None:
    foreseen = play_role("listener", variables, tmp_path, "--check", "--diff")
    assert (foreseen.code, foreseen.changed) == (0, 3), foreseen.output
    assert "platform" not in names(cluster, "/api/v1/namespaces")

    made = play_role("listener", variables, tmp_path)
    assert (made.code, made.changed) == (0, 3), made.output
    assert len(names(cluster, "/apis/apps/v1/namespaces/platform/deployments")) == 5
    files = cluster.request("GET", "/api/v1/namespaces/platform/secrets/listener")["data"]
    assert base64.b64decode(files["operator.key"]).decode() == f"{CANARY}-operator.key\n"
    assert set(files) == {
        "operator.key", "admin.pgpass", "listener.pgpass", "reader.pgpass", "git.key", "rpc-url",
    }  # fmt: skip

    again = play_role("listener", variables, tmp_path)
    assert (again.code, again.changed) == (0, 0), again.output

    before = started_for(cluster)
    Path(variables["listener_operator_key_file"]).write_text(f"{CANARY}-of-another-key\n")
    renewed = play_role("listener", variables, tmp_path, "--diff")
    assert (renewed.code, renewed.changed) == (0, 2), renewed.output
    assert started_for(cluster) != before

    assert [run.output for run in (foreseen, made, again, renewed) if CANARY in run.output] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"listener_git_key_file": ""}, "the pods need a deploy key"),
        ({"listener_known_hosts": ""}, "the pods need a deploy key"),
        ({"listener_infra": "/nowhere"}, "does not hold the listener's chart"),
        ({"listener_operator_key_file": "/nowhere"}, "Cannot read the file /nowhere"),
        ({"listener_chain": {"id": 1, "contract": "0x12", "rpc_url": "https://rpc.example.org"}}, "contract"),
    ],
)
def test_a_listener_that_could_not_work_is_refused(
    variables: dict[str, t.Any], tmp_path: Path, change: dict[str, t.Any], says: str
) -> None:
    done: Played = play_role("listener", {**variables, **change}, tmp_path, "--check")
    assert done.failed == 1
    assert says in " ".join(done.output.split())


def names(cluster: KubeApi, path: str) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.request("GET", path)["items"]}


def started_for(cluster: KubeApi) -> set[str]:
    """The version of the Secrets that pods were started for."""
    found = cluster.request("GET", "/apis/apps/v1/namespaces/platform/deployments")["items"]
    return {each["spec"]["template"]["metadata"]["annotations"]["platform/secrets-version"] for each in found}
