# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Releases by the real Helm on a real Kubernetes API with its controllers."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.server
import shutil
import signal
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _helm, _kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi, api_server
from ansible_collections.bot_freqtrade.platform.tests.support.processes import find_binary
from ansible_collections.bot_freqtrade.platform.tests.support.workloads import workloads

CHART = Path(__file__).parents[1] / "support" / "charts" / "sample"
CANARY = "canary-of-a-chart"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.sample.invalid"


@dataclasses.dataclass
class Place:
    """A namespace of its own in a cluster, a chart of its own, and its release."""

    api: KubeApi
    chart: Path
    namespace: str
    releases: _helm.Releases

    def wanted(self, **other: t.Any) -> _helm.Wanted:
        fields = {
            "source": _helm.Source(str(self.chart)),
            "values": {},
            "wait": False,
            "seconds": 30,
            **other,
        }
        return _helm.Wanted(self.namespace, self.namespace, **fields)

    def ensure(self, *, check: bool = False, **other: t.Any) -> _helm.Change:
        return self.releases.ensure(self.wanted(**other), check=check)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.chart / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def setting(self) -> str:
        """Return what the cluster has."""
        path = f"/api/v1/namespaces/{self.namespace}/configmaps/{self.namespace}"
        text: str = self.api.request("GET", path)["data"]["text"]
        return text

    def helm(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [find_binary("helm"), "--kubeconfig", self.api.kubeconfig, "-n", self.namespace, *arguments]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[KubeApi]:
    folder = tmp_path_factory.mktemp("cluster")
    with api_server(folder) as api, workloads(api, folder):
        yield api


@pytest.fixture
def place(cluster: KubeApi, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    chart = tmp_path / "sample"
    shutil.copytree(CHART, chart)
    helm = _helm.Helm("helm", str(cluster.kubeconfig), None)
    name = f"t{abs(hash(request.node.name)) % 10**8}"
    return Place(cluster, chart, name, _helm.Releases(helm, _kubernetes.connect(str(cluster.kubeconfig))))


def test_a_chart_is_installed_once_and_waited_for(place: Place) -> None:
    foreseen = place.ensure(check=True)
    assert (foreseen.action, foreseen.found) == ("installed", None)
    assert place.releases.find(place.wanted()) is None
    made = place.ensure(wait=True)
    assert (made.before, made.after) == (foreseen.before, foreseen.after)
    assert made.found is not None
    assert (made.found.status, made.found.revision) == ("deployed", 1)
    path = f"/apis/apps/v1/namespaces/{place.namespace}/deployments/{place.namespace}"
    assert place.api.request("GET", path)["status"]["readyReplicas"] == 1
    assert place.ensure().action == "none"
    assert place.ensure(check=True).action == "none"


EDITS = [
    ("values.yaml", "text: one", "text: two"),
    ("templates/workload.tpl", "data:\n", "data:\n  more: text\n"),
    ("values.yaml", CANARY, f"{CANARY}-2"),
    ("Chart.yaml", "version: 1.0.0", "version: 1.1.0"),
]


def test_a_chart_of_this_host_that_changed_is_seen_and_its_secrets_are_not(place: Place) -> None:
    seen = [place.ensure()]
    for edit in EDITS:
        place.edit(*edit)
        foreseen, made = place.ensure(check=True), place.ensure()
        assert (foreseen.action, made.action) == ("upgraded", "upgraded"), edit
        assert (made.before, made.after) == (foreseen.before, foreseen.after)
        seen.append(made)
    assert place.ensure().action == "none"
    assert list(seen[3].after["objects"]) == [f"Secret/{place.namespace}"]
    assert CANARY not in repr(seen)


def test_values_are_changed_and_changed_back(place: Place) -> None:
    place.ensure(values={"nested": {"list": ["c"]}})
    changed = place.ensure(values={"text": "three"})
    assert (changed.before["values"], changed.after["values"]) == (
        {"nested": {"list": ["c"]}},
        {"text": "three"},
    )
    assert list(changed.after["objects"]) == [f"ConfigMap/{place.namespace}"]
    assert place.setting() == "three"
    assert place.ensure(values={"nested": {"list": ["c"]}}).action == "upgraded"
    assert place.setting() == "one"


def test_an_upgrade_renews_the_definitions_of_resources(place: Place) -> None:
    place.ensure()
    place.edit(
        "crds/things.yaml",
        "  versions:\n",
        "  versions:\n    - name: v2\n      served: true\n      storage: false\n"
        "      schema: {openAPIV3Schema: {type: object}}\n",
    )
    place.edit("Chart.yaml", "version: 1.0.0", "version: 1.1.0")
    place.ensure()
    versions = [each["name"] for each in place.api.request("GET", CRD)["spec"]["versions"]]
    assert sorted(versions) == ["v1", "v2"]


def test_a_release_is_removed_but_for_its_definitions(place: Place) -> None:
    place.ensure()
    assert place.releases.remove(place.wanted(), check=True).action == "removed"
    assert place.setting() == "one"
    assert place.releases.remove(place.wanted(), check=False).action == "removed"
    assert place.releases.remove(place.wanted(), check=False).action == "none"
    assert place.api.request("GET", CRD)["kind"] == "CustomResourceDefinition"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"nonsense": 1}, "release_refused"),
        ({"text": ""}, "release_refused"),
        ({"image": "missing:1"}, "release_not_ready"),
    ],
)
def test_a_release_that_cannot_be_is_told_from_one_that_is_not_yet(
    place: Place, values: dict[str, t.Any], code: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        place.ensure(values=values, wait=True, seconds=5)
    assert caught.value.code == code, caught.value.message
    repaired = place.ensure()
    assert repaired.found is not None
    assert repaired.found.status == "deployed"


def test_an_interrupted_run_is_waited_for_and_then_ended(place: Place) -> None:
    _interrupt(place, "missing:1", "pending-install")
    with pytest.raises(PlatformError) as caught:
        place.ensure()
    assert caught.value.code == "release_busy"
    time.sleep(5.1)
    assert place.ensure(seconds=5).action == "upgraded"
    place.ensure()
    _interrupt(place, "missing:2", "pending-upgrade")
    time.sleep(5.1)
    ended = place.ensure(seconds=5)
    assert ended.found is not None
    assert (ended.action, ended.found.status) == ("upgraded", "deployed")
    assert place.ensure().action == "none"


def _interrupt(place: Place, image: str, status: str) -> None:
    running = place.helm(
        "upgrade", "--install", place.namespace, str(place.chart), "--create-namespace", "--wait",
        "--set", f"image={image}",
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while (found := place.releases.find(place.wanted())) is None or found.status != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    running.send_signal(signal.SIGKILL)
    running.wait()


def test_a_cluster_that_does_not_answer_leaves_it_open(place: Place, tmp_path: Path) -> None:
    config = yaml.safe_load(place.api.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    away = tmp_path / "away"
    away.write_text(yaml.safe_dump(config))
    releases = _helm.Releases(_helm.Helm("helm", str(away), None), _kubernetes.connect(str(away)))
    with pytest.raises(PlatformError) as caught:
        releases.ensure(place.wanted(), check=False)
    assert caught.value.code == "kubernetes_unreachable", caught.value.message


@contextlib.contextmanager
def repository(folder: Path) -> t.Iterator[str]:
    """Serve a chart repository and yield its URL; end it with the block."""
    subprocess.run([find_binary("helm"), "package", CHART, "-d", folder], check=True, capture_output=True)
    subprocess.run([find_binary("helm"), "repo", "index", folder], check=True, capture_output=True)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_chart_of_a_repository_is_fetched_only_when_something_changes(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    with repository(folder) as url:
        source = _helm.Source("sample", url, "1.0.0", "1.0.0")
        assert place.ensure(source=source).action == "installed"
        with pytest.raises(PlatformError, match=r"not 9\.9\.9"):
            place.ensure(source=dataclasses.replace(source, app_version="9.9.9"))
        with pytest.raises(PlatformError) as missing:
            place.ensure(source=dataclasses.replace(source, version="7.0.0"))
    assert missing.value.code == "chart_unavailable"
    assert place.ensure(source=source).action == "none"
    with pytest.raises(PlatformError) as away:
        place.ensure(source=source, values={"text": "two"})
    assert away.value.code == "chart_unavailable"
    assert place.setting() == "one"
