# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run sees of the dispatcher's credentials for AWS."""

from __future__ import annotations

import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest

from listener.executors.sandbox import environment, read_only

POD_IDENTITY = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> t.Any:
    return SimpleNamespace(collections_path=tmp_path, key_directory=tmp_path / "keys", run_read_only=())


def test_a_run_finds_the_role_of_its_pod(
    settings: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{POD_IDENTITY}/eks-pod-identity-token",
        "AWS_SHARED_CREDENTIALS_FILE": "/srv/platform/aws",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert given.items() <= environment(settings, tmp_path, tmp_path).items()
    assert {POD_IDENTITY, "/srv/platform/aws"} <= set(read_only(settings, {}))


def test_a_run_finds_the_cluster_of_its_pod(
    settings: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert given.items() <= environment(settings, tmp_path, tmp_path).items()


def test_a_run_reads_the_key_of_its_repository(settings: t.Any) -> None:
    assert "/srv/keys/git" in read_only(settings, {"platform_gitops_ssh_key_file": "/srv/keys/git"})


def test_no_secret_of_aws_is_passed_on(
    settings: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"):
        monkeypatch.setenv(name, "canary")
    assert "canary" not in environment(settings, tmp_path, tmp_path).values()
