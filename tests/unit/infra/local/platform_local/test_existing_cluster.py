# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import dataclasses
import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from platform_local import existing_cluster, images, trial
from platform_local.errors import LocalPlatformError
from platform_local.gitops import GitOps
from platform_local.options import ExistingCluster, Options
from platform_local.paths import Layout

DIGEST = f"sha256:{'a' * 64}"


class ScriptedKubectl:
    """Answers as a cluster would: by the beginning of the command."""

    def __init__(self, answers: t.Mapping[str, str | None] | None = None) -> None:
        self._answers = answers or {}
        self.asked: list[str] = []

    def run(self, *arguments: str, text: str | None = None) -> str:
        self.asked.append(" ".join(arguments))
        answer = next((a for name, a in self._answers.items() if self.asked[-1].startswith(name)), "")
        if answer is None:
            raise LocalPlatformError("refused")
        return answer

    def succeeds(self, *arguments: str) -> bool:
        try:
            self.run(*arguments)
        except LocalPlatformError:
            return False
        return True

    def apply(self, *objects: t.Mapping[str, t.Any]) -> None:
        self.asked.append("apply")


@pytest.fixture
def cluster(tmp_path: Path) -> ExistingCluster:
    """A cluster of which everything is told."""
    (tmp_path / "config").touch()
    repository = tmp_path / "gitops.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(repository)], check=True)
    return ExistingCluster(tmp_path / "config", "bots:1", "127.0.0.1", "10.0.0.0/8", repository.as_uri())


def connecting(monkeypatch: pytest.MonkeyPatch, cluster: ExistingCluster, refused: str = "none") -> str:
    """What is said of a cluster that refuses one command."""
    monkeypatch.setattr(existing_cluster.shutil, "which", lambda name: name)
    monkeypatch.setattr(existing_cluster, "Kubectl", lambda program, path: ScriptedKubectl({refused: None}))
    with pytest.raises(LocalPlatformError) as caught:
        existing_cluster.connect(cluster)
    return str(caught.value)


def test_a_cluster_that_lacks_something_is_refused_and_the_text_says_what(
    cluster: ExistingCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "does not answer" in connecting(monkeypatch, cluster, "get --raw")
    assert "no administrator" in connecting(monkeypatch, cluster, "auth")
    said = connecting(monkeypatch, cluster, "get crd applications.")
    assert "applications.argoproj.io missing" in said
    assert "Install Argo CD 3 in the namespace argocd" in said
    assert "not in the namespace argocd" in connecting(monkeypatch, cluster, "get namespace")
    elsewhere = dataclasses.replace(cluster, gitops_repository=f"{cluster.gitops_repository}-none")
    assert "This host cannot read the GitOps repository" in connecting(monkeypatch, elsewhere)


def test_a_cluster_with_another_platform_in_it_is_refused() -> None:
    existing_cluster.require_unused(ScriptedKubectl())
    taken = ScriptedKubectl({"get namespaces": "namespace/cliente-001\n"})
    with pytest.raises(LocalPlatformError, match=r"Another platform is in the cluster.*cliente-001"):
        existing_cluster.require_unused(taken)


def test_a_repository_with_clients_is_refused_until_they_are_removed(
    cluster: ExistingCluster, tmp_path: Path
) -> None:
    gitops = GitOps(Layout(tmp_path), Options(cluster=cluster))
    gitops.require_unused()
    work = tmp_path / "work"
    file = work / "clientes" / "cliente-001" / "values.yaml"
    subprocess.run(["git", "clone", "--quiet", cluster.gitops_repository, str(work)], check=True)
    file.parent.mkdir(parents=True)
    file.touch()
    (work / "environment.yaml").touch()
    subprocess.run(["git", "-C", str(work), "add", "."], check=True)
    who = ("-c", "user.name=t", "-c", "user.email=t@t.invalid")
    subprocess.run(["git", "-C", str(work), *who, "commit", "--quiet", "-m", "Begin"], check=True)
    subprocess.run(["git", "-C", str(work), "push", "--quiet", "origin", "HEAD:main"], check=True)
    with pytest.raises(LocalPlatformError, match="has clients already: cliente-001"):
        gitops.require_unused()
    gitops.remove_clients()
    gitops.require_unused()
    subprocess.run(["git", "-C", str(work), "pull", "--quiet", "origin", "main"], check=True)
    assert not file.exists()
    assert (work / "environment.yaml").exists()


def test_what_is_kept_of_a_cluster_leads_back_to_it(cluster: ExistingCluster, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert existing_cluster.recorded(layout) is None
    existing_cluster.record(layout, ScriptedKubectl({"config": "text"}), cluster)
    kept = existing_cluster.recorded(layout)
    assert kept == dataclasses.replace(cluster, kubeconfig=layout.admin_kubeconfig)
    assert layout.admin_kubeconfig.read_text() == "text"
    existing_cluster.require_same(kept, cluster)


def test_a_platform_that_is_up_does_not_change_its_cluster(cluster: ExistingCluster) -> None:
    other = dataclasses.replace(cluster, host_address="192.0.2.1")
    for former, now in ((cluster, other), (cluster, None), (None, cluster)):
        with pytest.raises(LocalPlatformError, match="take it down first"):
            existing_cluster.require_same(former, now)
    existing_cluster.require_same(cluster, dataclasses.replace(cluster, image="bots:2"))
    existing_cluster.require_same(None, None)


def test_only_what_the_platform_made_is_deleted() -> None:
    def application(name: str, owner: str) -> dict[str, t.Any]:
        return {"metadata": {"name": name, "ownerReferences": [{"kind": "ApplicationSet", "name": owner}]}}

    items = [
        application("project-cliente-001", "clientes"),
        application("cliente-001", "clientes"),
        application("cliente-002", "others"),
        {"metadata": {"name": "shop"}},
    ]
    kubectl = ScriptedKubectl(
        {"get applications": json.dumps({"items": items}), "get namespaces": "namespace/cliente-001\n"}
    )
    existing_cluster.leave(kubectl)
    deleted = " ".join(line for line in kubectl.asked if line.startswith("delete"))
    assert "application/project-cliente-001 application/cliente-001 " in deleted
    assert "appproject/cliente-001 appproject/clientes-projects" in deleted
    assert "namespace/cliente-001 namespace/bot-freqtrade" in deleted
    assert "cliente-002" not in deleted
    assert "shop" not in deleted


def test_a_repository_that_is_not_read_is_told_with_what_argo_cd_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(existing_cluster, "LISTING_SECONDS", 0)
    monkeypatch.setattr(existing_cluster, "ERROR_SECONDS", 0)
    unread: dict[str, t.Any] = {"metadata": {"annotations": {existing_cluster.REFRESH: "true"}}}
    with pytest.raises(LocalPlatformError, match="does its ApplicationSet controller run"):
        existing_cluster.await_listing(ScriptedKubectl({"get": json.dumps(unread)}))
    condition = {"type": "ErrorOccurred", "status": "True", "message": "authentication required"}
    unread["status"] = {"conditions": [condition]}
    with pytest.raises(LocalPlatformError, match=r"authentication required.*argocd repo add"):
        existing_cluster.await_listing(ScriptedKubectl({"get": json.dumps(unread)}))
    existing_cluster.await_listing(ScriptedKubectl({"get": json.dumps({"metadata": {}})}))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            {
                "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}],
            },
            "The nodes cannot pull bots:1",
        ),
        ({"phase": "Failed"}, "Pods of the cluster cannot use this host: no way"),
        (
            {
                "phase": "Pending",
                "conditions": [{"status": "False", "message": "0/1 nodes are available"}],
            },
            "did not run within 0 s: 0/1 nodes are available",
        ),
    ],
)
def test_a_first_pod_that_does_not_end_well_says_why(
    cluster: ExistingCluster, monkeypatch: pytest.MonkeyPatch, status: dict[str, t.Any], said: str
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0)
    kubectl = ScriptedKubectl({"get pod": json.dumps({"status": status}), "logs": "no way"})
    with pytest.raises(LocalPlatformError) as caught:
        trial.run(kubectl, cluster)
    assert said in str(caught.value)
    assert kubectl.asked[-1].startswith("delete pod trial")


@pytest.mark.parametrize(
    ("name", "repository", "tag", "digest"),
    [
        ("bots:1", "bots", "1", ""),
        ("127.0.0.1:5000/a/bots:1.2-x", "127.0.0.1:5000/a/bots", "1.2-x", ""),
        (f"127.0.0.1:5000/bots@{DIGEST}", "127.0.0.1:5000/bots", "pinned", DIGEST),
        (f"registry.example/bots:1@{DIGEST}", "registry.example/bots", "1", DIGEST),
    ],
)
def test_an_images_name_falls_into_its_parts(name: str, repository: str, tag: str, digest: str) -> None:
    assert images.parts(name) == {"repository": repository, "tag": tag, "digest": digest}


@pytest.mark.parametrize("name", ["bots", "127.0.0.1:5000/bots", "registry.example:443/a/bots"])
def test_an_image_that_is_not_named_exactly_is_refused(name: str, cluster: ExistingCluster) -> None:
    with pytest.raises(LocalPlatformError, match="neither a tag nor a digest"):
        dataclasses.replace(cluster, image=name).require()
