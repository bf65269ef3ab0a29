# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform on a cluster that somebody else runs, as ``KUBECONFIG=… make demo`` uses it.

No platform may be up: these tests start a cluster of their own, a registry and a Git server. They run
by themselves: make existing-cluster
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.another_cluster import (
    NETWORK,
    AnotherCluster,
    another_cluster,
)
from ansible_collections.bot_freqtrade.platform.tests.support.git_server import served_repository
from ansible_collections.bot_freqtrade.platform.tests.support.local_platform import ROOT, platform, refusal
from ansible_collections.bot_freqtrade.platform.tests.support.registry import registry

from .live import Live
from .story import STOP, Story, start

# The first test waits for the registry, the cluster and the pull of the image.
pytestmark = pytest.mark.timeout(900)
CACHE: t.Final = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
# What the platform may make in a cluster, and what it must not leave there.
KINDS: t.Final = (
    "namespaces,clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,secrets,pods,"
    "customresourcedefinitions,applications,applicationsets,appprojects"
)


@dataclasses.dataclass(frozen=True)
class Site:
    """What an operator has who brings a cluster, and what the platform is told of it."""

    cluster: AnotherCluster
    image: str
    repository: str

    def inputs(self, **other: str) -> dict[str, str]:
        """The choices, some of them replaced."""
        return {
            "kubeconfig": str(self.cluster.kubeconfig),
            "image": self.image,
            "host_address": NETWORK.host,
            "pod_network": NETWORK.pods,
            "gitops_repository": self.repository,
        } | other

    def refused(self, environment: t.Mapping[str, str] | None = None, **other: str) -> str:
        """Why a start with these inputs is refused; what it began is taken away again."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self.inputs(**other).items()]
        try:
            return refusal("up", "--no-listener", *options, **(environment or {}))
        finally:
            platform("down", **(environment or {}))

    def start(self) -> str:
        """Start the platform as ``make demo-up`` does; what Ansible says."""
        options = [f"local_platform_{name}={value}" for name, value in self.inputs().items()]
        playbook = ["ansible-playbook", "bot_freqtrade.platform.local_up"]
        run = subprocess.run(
            [*playbook, *(part for option in options for part in ("-e", option))],
            capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def objects(self) -> set[str]:
        """What there is in the cluster."""
        columns = "custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name"
        text = self.kubectl("get", KINDS, "--all-namespaces", "--no-headers", "-o", columns)
        return set(text.splitlines())

    def kubectl(self, *arguments: str) -> str:
        command = [ROOT / "build/tools/kubectl", "--kubeconfig", self.cluster.kubeconfig, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Site]:
    """A cluster with Argo CD, the bots' image at a registry and an empty repository; nothing of it stays."""
    folder = tmp_path_factory.mktemp("site")
    untouched = folder / "untouched.json"
    untouched.write_text(json.dumps(platform("snapshot")))
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(registry(folder))
        image = f"{address}/freqtrade-platform:demo"
        own = {"HOME": str(folder / "home"), "XDG_CACHE_HOME": str(CACHE)}
        platform("image", image, **own)
        repository = stack.enter_context(served_repository(folder))
        cluster = stack.enter_context(another_cluster())
        stack.callback(platform, "down")
        yield Site(cluster, image, repository)
    assert platform("leftovers", untouched) == []


@pytest.fixture(scope="module")
def before(site: Site) -> set[str]:
    """What was in the cluster before the platform came."""
    return site.objects()


@pytest.fixture(scope="module")
def story(site: Site, before: set[str]) -> Story:
    """The story's teller on the platform in that cluster."""
    site.start()
    return Story(Live(), print)


def test_an_image_that_the_nodes_cannot_pull_is_named(site: Site, before: set[str]) -> None:
    image = site.image.replace(":demo", ":none")
    said = site.refused(image=image)
    assert f"The nodes cannot pull {image}" in said
    assert "make demo-image" in said


def test_an_address_that_pods_do_not_reach_is_named(site: Site, before: set[str]) -> None:
    said = site.refused(host_address="127.0.0.1")
    assert "no way from pods to 127.0.0.1:" in said
    assert "host_address must be" in said


def test_a_network_that_pods_do_not_come_from_is_named(site: Site, before: set[str]) -> None:
    said = site.refused(pod_network="192.0.2.0/24")
    assert "PostgreSQL lets in pod_network only" in said
    assert 'no pg_hba.conf entry for host "10.88.79.' in said


def test_a_repository_that_argo_cd_cannot_read_is_named(site: Site, before: set[str]) -> None:
    own_way = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{site.repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": "git://127.0.0.1:9/gitops.git",
    }
    said = site.refused(own_way, gitops_repository="git://127.0.0.1:9/gitops.git")
    assert "Argo CD cannot read the GitOps repository" in said
    assert "argocd repo add" in said


def test_what_refused_starts_began_is_gone(site: Site, before: set[str]) -> None:
    assert site.objects() == before


def test_a_bot_starts_and_trades_in_the_cluster(site: Site, story: Story) -> None:
    story.registers()
    story.starts()


def test_the_platform_has_its_own_narrow_rights_in_the_cluster(site: Site, story: Story) -> None:
    for name in ("platform", "listener", "monitor"):
        kubeconfig = ROOT / "build/local" / name / "kubeconfig"
        command = [story.live.facts["kubectl"], "--kubeconfig", kubeconfig, "auth", "can-i"]
        for right in (["create", "pods"], ["get", "secrets", "--namespace", "kube-system"]):
            answer = subprocess.run([*command, *right], capture_output=True, text=True, check=False)
            assert answer.stdout.strip() == "no", (name, right)


def test_a_second_start_changes_nothing(site: Site, story: Story) -> None:
    before = story.live.pod(1)
    assert "changed=0" in site.start()
    assert story.live.pod(1) == before


def test_a_start_that_fails_comes_back_and_a_stop_stops(site: Site, story: Story) -> None:
    story.restores_what_was_approved()
    story.run(1, STOP, "Approved", "")
    assert not story.live.pods(1)


def test_down_leaves_the_cluster_as_it_was(site: Site, story: Story, before: set[str]) -> None:
    assert platform("down") == {"changed": True}
    assert site.objects() == before
    assert not pathlib.Path("/run/bot_freqtrade").exists()
    listed = subprocess.run(
        ["git", "ls-remote", "--heads", site.repository], capture_output=True, text=True, check=True
    )
    assert listed.stdout


def test_the_same_repository_serves_the_next_demo(site: Site, story: Story) -> None:
    site.start()
    next_story = Story(Live(), print)
    next_story.registers()
    next_story.run(1, start("BrokenImport"), "RolledBack", "strategy_not_loadable")
    platform("down")
