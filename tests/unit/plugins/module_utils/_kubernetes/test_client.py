# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import contextlib
import http.server
import json
import pathlib
import threading
import time
import typing as t

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category, PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import client


class Server(http.server.ThreadingHTTPServer):
    """An API server that gives one scripted answer and remembers what it was asked."""

    status = 200
    body = b"{}"
    delay = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, dict[str, str], t.Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        time.sleep(self.server.delay)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def handle(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # the client gave up, as its test wants
            super().handle()

    def log_message(self, format: str, *args: t.Any) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def server() -> t.Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def write_kubeconfig(path: pathlib.Path, url: str) -> str:
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": {"token": "the-token"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return str(path)


@pytest.fixture
def cluster(server: Server, tmp_path: pathlib.Path) -> client.Cluster:
    return client.connect(write_kubeconfig(tmp_path / "config", server.url), request_timeout=0.5)


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "path"),
    [
        (client.SECRETS, "cliente-001", "a", "/api/v1/namespaces/cliente-001/secrets/a"),
        (client.DEPLOYMENTS, "cliente-001", None, "/apis/apps/v1/namespaces/cliente-001/deployments"),
        (client.NAMESPACES, None, "cliente-001", "/api/v1/namespaces/cliente-001"),
        (client.PODS, "../kube-system", "a/b", "/api/v1/namespaces/..%2Fkube-system/pods/a%2Fb"),
    ],
)
def test_a_path_names_the_object(
    resource: client.Resource, namespace: str | None, name: str | None, path: str
) -> None:
    assert resource.path(namespace, name) == path


def test_a_patch_is_a_merge_patch_with_the_token_of_the_kubeconfig(
    cluster: client.Cluster, server: Server
) -> None:
    cluster.patch(client.SECRETS, "n", "a", {"metadata": {"labels": {"b": None}}})
    method, path, headers, body = server.asked[0]
    assert (method, path) == ("PATCH", "/api/v1/namespaces/n/secrets/a")
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert headers["authorization"] == "Bearer the-token"
    assert body == {"metadata": {"labels": {"b": None}}}


def test_create_fills_in_api_version_and_kind(cluster: client.Cluster, server: Server) -> None:
    cluster.create(client.DEPLOYMENTS, "n", {"metadata": {"name": "a"}})
    assert server.asked[0][3] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a"},
    }


def test_list_sends_only_the_selectors_that_are_given(cluster: client.Cluster, server: Server) -> None:
    server.body = b'{"items": [{"metadata": {"name": "a"}}]}'
    assert cluster.list(client.PODS, "n", labels="app=bot") == [{"metadata": {"name": "a"}}]
    assert server.asked[0][1] == "/api/v1/namespaces/n/pods?labelSelector=app%3Dbot"


def test_delete_can_be_bound_to_a_uid(cluster: client.Cluster, server: Server) -> None:
    cluster.delete(client.PODS, "n", "a", uid="u-1")
    assert server.asked[0][3] == {"preconditions": {"uid": "u-1"}}


def test_the_clock_of_the_server_is_known_after_an_answer(cluster: client.Cluster) -> None:
    assert cluster.server_time is None
    cluster.get(client.PODS, "n", "a")
    assert cluster.server_time is not None
    assert abs(cluster.server_time.timestamp() - time.time()) < 5


@pytest.mark.parametrize("status", [401, 408, 429, 500, 502, 503, 504])
def test_an_answer_that_says_nothing_about_the_object_is_blind(
    cluster: client.Cluster, server: Server, status: int
) -> None:
    server.status = status
    with pytest.raises(PlatformError) as caught:
        cluster.get(client.PODS, "n", "a")
    assert caught.value.code == "kubernetes_unreachable"
    assert caught.value.category is Category.UNDECIDED


def test_a_resource_that_is_not_served_yet_is_blind(cluster: client.Cluster, server: Server) -> None:
    server.status, server.body = 404, b"404 page not found\n"
    with pytest.raises(PlatformError, match="404 page not found") as caught:
        cluster.get(client.APPLICATIONS, "argocd", "a")
    assert caught.value.code == "kubernetes_unreachable"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, client.Invalid),
        (403, client.Forbidden),
        (404, client.NotFound),
        (409, client.Conflict),
        (422, client.Invalid),
        (302, client.ApiError),
    ],
)
def test_a_refusal_has_a_type(
    cluster: client.Cluster, server: Server, status: int, kind: type[client.ApiError]
) -> None:
    server.status, server.body = status, b'{"kind": "Status", "message": "pods \\"a\\" says no"}'
    with pytest.raises(kind, match=r"refused GET /api/v1/namespaces/n/pods/a: HTTP .* says no") as caught:
        cluster.get(client.PODS, "n", "a")
    assert (caught.value.code, caught.value.status) == ("kubernetes_refused", status)


def test_a_refusal_of_a_secret_repeats_nothing_of_the_servers_message(
    cluster: client.Cluster, server: Server
) -> None:
    server.status, server.body = 422, b'{"message": "Invalid value: hunter2"}'
    with pytest.raises(client.Invalid) as caught:
        cluster.create(client.SECRETS, "n", {})
    assert "hunter2" not in caught.value.message


def test_a_connection_refused_is_blind(tmp_path: pathlib.Path) -> None:
    cluster = client.connect(write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1"))
    with pytest.raises(PlatformError, match="Cannot GET") as caught:
        cluster.get(client.PODS, "n", "a")
    assert caught.value.code == "kubernetes_unreachable"


def test_a_slow_answer_is_blind_after_the_request_timeout(cluster: client.Cluster, server: Server) -> None:
    server.delay = 2
    started = time.monotonic()
    with pytest.raises(PlatformError, match="ReadTimeoutError"):
        cluster.get(client.PODS, "n", "a")
    assert time.monotonic() - started < 1.5


def test_a_limit_shortens_the_request_timeout(cluster: client.Cluster, server: Server) -> None:
    server.delay = 1
    cluster.limit(time.monotonic() + 0.2)
    started = time.monotonic()
    with pytest.raises(PlatformError, match="ReadTimeoutError"):
        cluster.get(client.PODS, "n", "a")
    assert time.monotonic() - started < 0.45


def test_an_answer_that_is_not_json_is_blind(cluster: client.Cluster, server: Server) -> None:
    server.body = b"<html>proxy</html>"
    with pytest.raises(PlatformError, match="the answer is not JSON") as caught:
        cluster.get(client.PODS, "n", "a")
    assert caught.value.code == "kubernetes_unreachable"


def test_a_log_is_text(cluster: client.Cluster, server: Server) -> None:
    server.body = "línea\n".encode()
    assert cluster.log("n", "a", "bot", lines=3, previous=True) == "línea\n"
    query = "container=bot&tailLines=3&limitBytes=1000000&timestamps=true&previous=true"
    assert server.asked[0][1] == f"/api/v1/namespaces/n/pods/a/log?{query}"


def test_the_variable_kubeconfig_is_used_when_no_path_is_given(
    server: Server, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", write_kubeconfig(tmp_path / "config", server.url))
    client.connect().get(client.PODS, "n", "a")
    assert server.asked


@pytest.mark.parametrize("content", [None, "", "{", "apiVersion: v1\nkind: Config\n"])
def test_a_missing_or_broken_kubeconfig_is_a_usage_error(tmp_path: pathlib.Path, content: str | None) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(PlatformError, match="Cannot read the kubeconfig") as caught:
        client.connect(str(path))
    assert caught.value.code == "usage"


def test_an_unknown_context_is_a_usage_error(server: Server, tmp_path: pathlib.Path) -> None:
    with pytest.raises(PlatformError, match="Cannot read the kubeconfig") as caught:
        client.connect(write_kubeconfig(tmp_path / "config", server.url), context="other")
    assert caught.value.code == "usage"


def test_no_configuration_at_all_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(PlatformError, match="a kubeconfig or the cluster around") as caught:
        client.connect()
    assert caught.value.code == "usage"
