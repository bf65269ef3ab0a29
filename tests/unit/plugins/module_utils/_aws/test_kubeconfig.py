# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The kubeconfig as its readers use it: the kubernetes library runs its program, and STS reads the token."""

from __future__ import annotations

import base64
import json
import subprocess
import typing as t
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _aws
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import connect


def write(session: _aws.Session, path: Path) -> dict[str, t.Any]:
    """Write the kubeconfig of the cluster and return its content."""
    cluster = _aws.kubeconfig.find(session, "demo", 0)
    _aws.kubeconfig.write(path, _aws.kubeconfig.text(cluster, session))
    content: dict[str, t.Any] = yaml.safe_load(path.read_text())
    return content


def credential(content: dict[str, t.Any]) -> dict[str, t.Any]:
    """Run the program of a kubeconfig as a client of Kubernetes does."""
    program = content["users"][0]["user"]["exec"]
    done = subprocess.run([program["command"], *program["args"]], check=True, capture_output=True)
    answer: dict[str, t.Any] = json.loads(done.stdout)
    return answer


def signed_request(token: str) -> str:
    """Return the URL that a token carries."""
    prefix, encoded = token.split(".")
    assert prefix == "k8s-aws-v1"
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def test_the_file_is_private_and_holds_neither_token_nor_key(session: _aws.Session, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "kubeconfig"
    content = write(session, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "testing" not in path.read_text()
    assert "X-Amz" not in path.read_text()
    assert set(content["users"][0]["user"]) == {"exec"}
    assert content["current-context"] == "demo"


def test_the_file_is_the_same_each_time(session: _aws.Session) -> None:
    cluster = _aws.kubeconfig.find(session, "demo", 0)
    assert _aws.kubeconfig.text(cluster, session) == _aws.kubeconfig.text(cluster, session)


def test_sts_takes_the_token_for_the_caller_and_the_cluster(session: _aws.Session, tmp_path: Path) -> None:
    answer = credential(write(session, tmp_path / "kubeconfig"))
    url = signed_request(answer["status"]["token"])
    assert "X-Amz-Expires=60" in url
    assert "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id" in url
    request = urllib.request.Request(url, headers={"x-k8s-aws-id": "demo"})
    (scope,) = urllib.parse.parse_qs(url)["X-Amz-Credential"]
    assert scope.endswith("/eu-central-1/sts/aws4_request")
    # the stand-in tells services apart by a header that only other requests have
    request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host")
    with urllib.request.urlopen(request, timeout=10) as response:
        assert b"<Account>123456789012</Account>" in response.read()


def test_the_kubernetes_library_sends_the_token(session: _aws.Session, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    content = write(session, path)
    headers = connect(str(path))._headers("GET")
    assert headers["authorization"].startswith("Bearer k8s-aws-v1.")
    assert content["clusters"][0]["cluster"]["server"].startswith("https://")


def test_a_token_is_said_to_end_before_eks_ends_it(session: _aws.Session, tmp_path: Path) -> None:
    answer = credential(write(session, tmp_path / "kubeconfig"))
    assert answer["apiVersion"] == "client.authentication.k8s.io/v1"
    assert answer["status"]["expirationTimestamp"].endswith("Z")
    assert _aws.kubeconfig.token.LIFETIME_SECONDS < 15 * 60


def test_without_credentials_the_program_says_so(
    session: _aws.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = write(session, tmp_path / "kubeconfig")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        credential(content)
    assert b"There are no AWS credentials" in caught.value.stderr


def test_a_cluster_that_is_not_there_is_told(session: _aws.Session) -> None:
    with pytest.raises(PlatformError, match="no EKS cluster other in eu-central-1") as caught:
        _aws.kubeconfig.find(session, "other", 0)
    assert caught.value.code == "cluster_missing"


@pytest.mark.parametrize("status", ["CREATING", "DELETING", "FAILED"])
def test_a_cluster_that_is_not_active_is_told(
    session: _aws.Session, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = session.client("eks")
    monkeypatch.setattr(client, "describe_cluster", lambda name: {"cluster": {"status": status}})
    monkeypatch.setattr(session, "client", lambda service: client)
    with pytest.raises(PlatformError, match=status) as caught:
        _aws.kubeconfig.find(session, "demo", 0)
    assert caught.value.code == "cluster_not_ready"


@pytest.mark.parametrize("content", ["apiVersion: v1\nkind: Config\n", "", "- 1\n", "{", "extensions: 3\n"])
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(PlatformError) as caught:
        _aws.kubeconfig.read_own(path)
    assert caught.value.code == "file_not_ours"


def test_a_profile_is_the_programs_too(
    session: _aws.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "config"
    configuration.write_text("[profile ops]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))
    content = write(_aws.Session("eu-central-1", "ops"), tmp_path / "kubeconfig")
    assert content["users"][0]["user"]["exec"]["env"] == [{"name": "AWS_PROFILE", "value": "ops"}]
