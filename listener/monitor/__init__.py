# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``monitor``: what Prometheus must know that is not in the listener's store.

Bots in the cluster, the figures of clients' trades, connections of their database, certificates and the
platform's keys. It reads only, with rights of its own: neither the store nor a client's password.
"""

from __future__ import annotations

import typing as t

from flask import Flask, Response, jsonify
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from listener.chain import ChainReader
from listener.server import serve

from .bots import Bots
from .certificates import Certificates
from .figures import Figures
from .keys import Keys
from .sources import Source, Sources

if t.TYPE_CHECKING:
    from listener.settings import MonitorSettings


def create_monitor(settings: MonitorSettings) -> Flask:
    """Return the app; it opens no connection before its first request."""
    sources: dict[str, Source] = {
        "bots": Bots(settings.kubeconfig),
        "figures": Figures(settings.figures_url),
        "certificates": Certificates(
            settings.figures_url, settings.kubeconfig, settings.certificate_files, settings.tls_servers
        ),
        "keys": Keys(ChainReader(settings), settings.start_block),
    }
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Sources(sources))
    return _app(registry)


def _app(registry: CollectorRegistry) -> Flask:
    app = Flask("listener", static_folder=None)

    @app.get("/healthz")
    def alive() -> Response:
        return jsonify(status="alive")

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return app


def run(settings: MonitorSettings) -> int:
    """Serve until SIGTERM; return the exit code: 1 when the address cannot be had."""
    return serve(create_monitor(settings), settings.listen_host, settings.listen_port, max_body=0)


__all__ = ("create_monitor", "run")
