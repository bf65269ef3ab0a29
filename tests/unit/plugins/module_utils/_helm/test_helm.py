# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm import (
    Helm,
    Source,
    read_values,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._cluster import (
    capabilities,
    renew_crds,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._manifest import (
    objects_of,
    shown_change,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import Stopwatch

SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: one, namespace: here}
data: {key: Y2FuYXJ5}
stringData: {other: canary}
---
# nothing
---
kind: Role
metadata: {name: two}
"""


def _helm(tmp_path: Path, script: str) -> Helm:
    program = tmp_path / "helm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Helm(str(program), "/kubeconfig", "context")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("another operation (install/upgrade/rollback) is in progress", "release_busy"),
        ("Kubernetes cluster unreachable: Get https://x: dial tcp: i/o timeout", "kubernetes_unreachable"),
        ('secrets is forbidden: User "x" cannot list resource "secrets"', "kubernetes_refused"),
        ('admission webhook "x" denied the request', "kubernetes_refused"),
        ("context deadline exceeded", "release_not_ready"),
        ("values don't meet the specifications of the schema(s)", "release_refused"),
        ("chart requires kubeVersion: >=1.25.0-0 which is incompatible", "release_refused"),
        ("something that nobody has seen yet", "undecided"),
    ],
)
def test_what_helm_says_becomes_a_code(tmp_path: Path, said: str, code: str) -> None:
    (tmp_path / "said").write_text(f"WARNING: loose file\nError: {said}\n")
    helm = _helm(tmp_path, f"cat {tmp_path}/said >&2; exit 1")
    with pytest.raises(PlatformError) as caught:
        helm.run("upgrade")
    assert caught.value.code == code
    assert caught.value.message == f"helm upgrade: {said}"


def test_helm_gets_cluster_and_values_and_no_value_is_an_argument(tmp_path: Path) -> None:
    helm = _helm(tmp_path, 'echo "$@"; cat')
    said = helm.run("upgrade", "x", values={"key": "canary"})
    arguments, values = said.splitlines()
    assert arguments.split() == [
        "--kubeconfig", "/kubeconfig", "--kube-context", "context", "upgrade", "x", "--values", "-",
    ]  # fmt: skip
    assert values == '{"key": "canary"}'


def test_a_helm_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm import _program

    monkeypatch.setattr(_program, "_LOCAL_SECONDS", 0.2)
    with pytest.raises(PlatformError, match="did not end") as caught:
        _helm(tmp_path, "exec sleep 60").run("list")
    assert caught.value.code == "undecided"


def test_a_release_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert _helm(tmp_path, "echo 'Error: release: not found' >&2; exit 1").find("get", "metadata") is None


def test_no_helm_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as caught:
        Helm(str(tmp_path / "helm"), None, None)
    assert caught.value.code == "library_missing"


@pytest.mark.parametrize(
    "source",
    [Source("", None), Source("/nowhere"), Source("x", "https://charts.invalid"), Source("oci://charts/x")],
)
def test_what_names_no_pinned_chart_is_refused(source: Source) -> None:
    with pytest.raises(PlatformError) as caught:
        source.require()
    assert caught.value.code == "usage"


def test_values_lie_over_one_another_and_lists_are_replaced(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in "123")
    one.write_text("a: {b: 1, c: [1, 2]}\nd: {e: 1}\n")
    two.write_text("a: {b: null, c: [3]}\nd: 5\n")
    three.write_text("# nothing\n")
    values = read_values(map(str, (one, two, three)), {"a": {"f": {"g": True}}})
    assert values == {"a": {"b": None, "c": [3], "f": {"g": True}}, "d": 5}


@pytest.mark.parametrize("text", ["- a list", "a: [", None])
def test_a_file_without_values_is_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "values"
    if text is not None:
        file.write_text(text)
    with pytest.raises(PlatformError) as caught:
        read_values([str(file)], {})
    assert caught.value.code == "usage"


def test_objects_have_names_and_secrets_no_values_where_they_are_shown() -> None:
    objects = objects_of(SECRET)
    assert list(objects) == ["Secret/here/one", "Role/two"]
    before, after = shown_change(objects, {"Role/two": {"kind": "Role", "metadata": {"name": "two"}}})
    assert after == {}
    assert before["Secret/here/one"]["data"] == {"key": "(hidden)"}
    assert "anary" not in repr(before)


class _Cluster:
    """Takes what is applied, and serves it only after a while."""

    def __init__(self, asks: int) -> None:
        self.asks = asks
        self.applied: list[str] = []

    def apply(self, _resource: t.Any, _namespace: None, name: str, _body: t.Any) -> None:
        self.applied.append(name)

    def get(self, *_place: t.Any) -> dict[str, t.Any]:
        self.asks -= 1
        status = "True" if self.asks <= 0 else "False"
        return {"status": {"conditions": [{"type": "Established", "status": status}]}}

    def ask(self, path: str) -> dict[str, t.Any]:
        answers: dict[str, dict[str, t.Any]] = {
            "/version": {"gitVersion": "v1.34.4"},
            "/apis": {"groups": [{"versions": [{"groupVersion": "apps/v1"}]}]},
        }
        return answers[path]


def test_definitions_are_applied_and_waited_for() -> None:
    cluster: t.Any = _Cluster(asks=3)
    definitions = {"x": {"metadata": {"name": "things.sample.invalid"}}}
    renew_crds(cluster, definitions, Stopwatch(60, sleep=lambda _seconds: None))
    assert (cluster.applied, cluster.asks) == (["things.sample.invalid"], 0)
    never: t.Any = _Cluster(asks=10**6)
    with pytest.raises(PlatformError) as caught:
        renew_crds(never, definitions, Stopwatch(0))
    assert caught.value.code == "release_not_ready"


def test_a_dry_run_is_told_what_the_cluster_can_do() -> None:
    cluster: t.Any = _Cluster(asks=0)
    assert capabilities(cluster) == [
        "--kube-version", "v1.34.4", "--api-versions", "v1", "--api-versions", "apps/v1",
    ]  # fmt: skip
