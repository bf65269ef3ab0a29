# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from platform_local import aws, cache, external_secrets
from platform_local.errors import LocalPlatformError
from platform_local.gitops import GitOps
from platform_local.options import ExistingCluster, Options
from platform_local.paths import Layout

HERE = Layout.here()
CHOSEN = Options(external_secrets=True)


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """The role's variables, with a chart but without the program that takes long to build."""
    external_secrets.copy_chart(external_secrets.module_folder(), tmp_path / "chart")
    monkeypatch.setattr(external_secrets, "ensure", lambda _layout: (tmp_path, False))
    return external_secrets.addon(HERE, tmp_path / "helm")


def test_the_chart_takes_the_addon_s_values_with_those_of_this_host(variables: dict[str, t.Any]) -> None:
    files = HERE.infra / "addons" / "values" / "external-secrets.yaml"
    own = json.dumps(variables["cluster_addons_values"]["external-secrets"])
    chart = variables["cluster_addons_charts"]["external-secrets"]
    command = ["helm", "template", "external-secrets", chart, "--values", files, "--values", "-"]
    done = subprocess.run(
        [*command, "--kube-version", "v1.34.4"], check=True, capture_output=True, text=True, input=own
    )
    objects = [each for each in yaml.safe_load_all(done.stdout) if each]
    (deployment,) = [each for each in objects if each["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert (deployment["spec"]["replicas"], pod["hostNetwork"]) == (1, True)
    assert (container["image"], container["imagePullPolicy"]) == (external_secrets.IMAGE, "Never")
    assert environment["AWS_SECRETSMANAGER_ENDPOINT"] == aws.URL
    assert environment["KUBERNETES_SERVICE_HOST"] == "127.0.0.1"
    assert f"--metrics-addr=:{external_secrets.METRICS_PORT}" in container["args"]
    assert "--enable-cluster-store-reconciler=false" in container["args"]
    assert not [each for each in objects if "Webhook" in each["kind"]]


def test_the_bots_environment_and_the_playbooks_name_the_same_place(tmp_path: Path) -> None:
    environment = GitOps(HERE, CHOSEN)._environment("localhost/image:tag")["externalSecrets"]
    playbooks = aws.playbook_variables()
    assert environment["enabled"] is True
    assert (environment["region"], environment["prefix"]) == (
        playbooks["platform_aws_region"],
        playbooks["platform_aws_prefix"],
    )
    assert GitOps(HERE, Options())._environment("localhost/image:tag")["externalSecrets"]["enabled"] is False


def test_only_a_cluster_of_this_host_gets_the_stand_in(tmp_path: Path) -> None:
    cluster = ExistingCluster(tmp_path, "image", "127.0.0.1", "0.0.0.0/0", "repository")
    with pytest.raises(LocalPlatformError, match="an existing cluster gets it by the role"):
        Options(cluster=cluster, external_secrets=True).require()
    CHOSEN.require()


def test_another_content_under_the_pinned_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_secrets, "SUM", "h1:another")
    with pytest.raises(LocalPlatformError, match="instead of h1:another"):
        external_secrets.module_folder()


def test_the_pin_is_part_of_the_cached_artifact_s_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    names = []
    for version in ("v0.19.2", "v0.19.3"):
        monkeypatch.setattr(external_secrets, "VERSION", version)
        monkeypatch.setattr(external_secrets, "_build", lambda _folder, _log: None)
        names.append(external_secrets.ensure(HERE)[0].name)
    assert len(set(names)) == 2
    assert all((cache.cache_root() / name).is_dir() for name in names)
