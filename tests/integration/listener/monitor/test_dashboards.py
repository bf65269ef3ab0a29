# SPDX-License-Identifier: GPL-3.0-or-later
"""Panels and rules find their series in a real Prometheus that scrapes the listener's real roles."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from eth_account.signers.local import LocalAccount

from listener.monitor.bots import SELECTOR
from tests.support.monitoring import queries
from tests.support.processes import free_port
from tests.support.prometheus import running_prometheus, subject
from tests.support.roles import eventually, running_role

if TYPE_CHECKING:
    from tests.integration.listener.conftest import Listener
    from tests.support.clients_database import ClientsDatabase

ARGO = (
    'argocd_app_info{name="cliente-001",sync_status="Synced",health_status="Healthy"} 1\n'
    'argocd_app_info{name="project-cliente-001",sync_status="Synced",health_status="Healthy"} 1\n'
)


@contextlib.contextmanager
def stand_in_of_argocd() -> Iterator[int]:
    """Tell of Argo CD what its controller tells."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(ARGO.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def bot(kube_api: Any) -> Iterator[None]:
    """The Deployment of client 1's bot."""
    labels = dict(part.split("=") for part in SELECTOR.split(","))
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "freqtrade", "image": "none"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    path = "/apis/apps/v1/namespaces/cliente-001/deployments"
    kube_api.create_namespace("cliente-001")
    kube_api.request("POST", path, {"metadata": {"name": "bot", "labels": labels}, "spec": spec})
    yield
    kube_api.request("DELETE", path)
    kube_api.request("DELETE", "/api/v1/namespaces/cliente-001")


@pytest.fixture
def decided(listener: Listener, wallet: LocalAccount) -> None:
    """A decided command, which is in the store before ``watch`` reads the same blocks."""
    listener.decided(wallet)


@pytest.fixture
def ports(
    listener: Listener, database: ClientsDatabase, kube_api: Any, bot: None, decided: None, tmp_path: Path
) -> Iterator[dict[str, int]]:
    """The metrics' ports of the roles api and monitor, and of Argo CD's stand-in, while ``watch`` runs."""
    database.add(1)
    url = tmp_path / "figures-url"
    url.touch(mode=0o600)
    url.write_text(database.figures_url)
    found = {"api": free_port(), "monitor": free_port()}
    own = {"PLATFORM_FIGURES_URL_FILE": str(url), "PLATFORM_KUBECONFIG": str(kube_api.kubeconfig)}
    with contextlib.ExitStack() as stack:
        stack.enter_context(running_role("watch", listener.environment, listener.folder))
        for role, port in found.items():
            environment = listener.environment | own | {"PLATFORM_LISTEN_PORT": str(port)}
            process = stack.enter_context(running_role(role, environment, listener.folder))
            eventually(lambda: '"event": "started"' in process.log, what=process.log)  # noqa: B023
        yield found | {"argocd": stack.enter_context(stand_in_of_argocd())}


def test_every_panel_and_rule_finds_series(listener: Listener, ports: dict[str, int], tmp_path: Path) -> None:
    listener.chain.finalize()
    listener.catch_up()
    with running_prometheus(tmp_path, ports, "--set", "limits.botSeconds=1") as prometheus:
        prometheus.await_series(90, client="cliente-001", __rate_interval="1m")
        prometheus.await_alerts(90, {"BotNotReady", "CertificateUnreadable"})  # of a bot that no node runs
        missing = prometheus.silent(client="cliente-002", __rate_interval="1m")
        assert {line.split(",")[0] for line in missing} == {"client.json"}
        # With its other part the panel finds a series always.
        firing, _, other = shown("Alerts").partition(" or ")
        assert other == "vector(0)"
        eventually(lambda: [series["value"][1] for series in prometheus.query(firing)] == ["1"], 10, firing)


def shown(panel: str) -> str:
    """The one query of a panel."""
    (query,) = (query for query in queries() if query.panel == panel)
    return query.expression


@pytest.mark.parametrize(
    ("expression", "looked_at"),
    [
        ("max(a) > 100", "max(a)"),
        ("absent(a)", "a"),
        ('min by (name) (a{b="c"}) == 0', 'min by (name) (a{b="c"})'),
        ("a < 3 * 86400", "a"),
    ],
)
def test_what_an_alert_looks_at_is_known(expression: str, looked_at: str) -> None:
    assert subject(expression) == looked_at
