# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A real Kubernetes API (etcd and kube-apiserver, no nodes) for tests; ready in about five seconds.

Fixture: ``kube_api`` (one per file of tests). Its token may do everything, a ServiceAccount what RBAC says.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import secrets
import signal
import ssl
import subprocess
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.processes import (
    find_binary,
    free_port,
    running,
)


@dataclasses.dataclass(frozen=True)
class KubeApi:
    """A running API server and what a test needs to reach it."""

    url: str
    directory: Path
    token: str = dataclasses.field(repr=False)

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig for this server."""
        return self.directory / "kubeconfig"

    @property
    def certificate(self) -> Path:
        """The certificate that the server signed for itself, once it has started."""
        return self.directory / "certificates" / "apiserver.crt"

    def request(self, method: str, path: str, body: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Send ``body`` as JSON to ``path`` (such as ``/api/v1/namespaces``) and return the answer."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        data = None if body is None else json.dumps(body).encode()
        trust = ssl.create_default_context(cafile=str(self.certificate))
        with urllib.request.urlopen(request, data=data, timeout=10, context=trust) as response:
            answer: dict[str, t.Any] = json.load(response)
        return answer

    def kubeconfig_of(self, namespace: str, account: str) -> Path:
        """A kubeconfig for a ServiceAccount that is made for it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self.request("POST", path, {"metadata": {"name": account}})
        answer = self.request("POST", f"{path}/{account}/token", {"spec": {"expirationSeconds": 3600}})
        file = self.directory / f"{namespace}-{account}.kubeconfig"
        _write_kubeconfig(self, file, answer["status"]["token"])
        return file

    def create_namespace(self, name: str) -> None:
        """Create the namespace ``name``."""
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})


@contextlib.contextmanager
def api_server(directory: Path, *binaries: Path) -> t.Iterator[KubeApi]:
    """Start etcd and kube-apiserver with their files under ``directory``; end them with the block.

    :param binaries: directories to look in before PATH.
    """
    etcd_url, port, token = f"http://127.0.0.1:{free_port()}", free_port(), secrets.token_hex(16)
    (directory / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    key = directory / "service-account.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    api = KubeApi(f"https://127.0.0.1:{port}", directory, token)
    _write_kubeconfig(api, api.kubeconfig, token)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_etcd(directory, etcd_url, *binaries))
        command = _apiserver_command(directory, etcd_url, port, key, *binaries)
        log = directory / "kube-apiserver.log"
        stack.enter_context(running(command, log, lambda: _ready(api), stop=signal.SIGTERM))
        yield api


def _etcd(
    directory: Path, url: str, *binaries: Path
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    peer = f"http://127.0.0.1:{free_port()}"
    command = [
        "setpriv", "--pdeathsig", "KILL", str(find_binary("etcd", *binaries)), "--unsafe-no-fsync",
        "--name=test", f"--data-dir={directory / 'etcd'}", f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}", f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=test={peer}", "--log-level=warn",
    ]  # fmt: skip
    return running(command, directory / "etcd.log", lambda: _etcd_ready(url), stop=signal.SIGTERM)


def _apiserver_command(directory: Path, etcd_url: str, port: int, key: Path, *binaries: Path) -> list[str]:
    return [
        "setpriv", "--pdeathsig", "KILL", str(find_binary("kube-apiserver", *binaries)),
        f"--etcd-servers={etcd_url}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
        f"--secure-port={port}", f"--cert-dir={directory / 'certificates'}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={directory / 'tokens.csv'}", "--service-cluster-ip-range=10.99.0.0/24",
        "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}", "--disable-admission-plugins=ServiceAccount",
        "--endpoint-reconciler-type=none",
    ]  # fmt: skip


def _write_kubeconfig(api: KubeApi, path: Path, token: str) -> None:
    cluster = {"server": api.url, "certificate-authority": str(api.certificate)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(content))


def _etcd_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as response:
            return bool(json.load(response)["health"] == "true")
    except (OSError, http.client.HTTPException):
        return False


def _ready(api: KubeApi) -> bool:
    try:
        # readyz waits for hooks that no test needs; the default namespace comes after the storage is there.
        api.request("GET", "/api/v1/namespaces/default")
    except (OSError, http.client.HTTPException):
        return False
    return True


@pytest.fixture(scope="module")
def kube_api(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[KubeApi]:
    """A Kubernetes API of its own for a file of tests: what one leaves is in no other's way."""
    with api_server(tmp_path_factory.mktemp("kube-api")) as started:
        yield started
