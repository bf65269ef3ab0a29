# SPDX-License-Identifier: GPL-3.0-or-later
"""``/healthz``, ``/readyz`` and ``/metrics``; they need no token and tell no client's data."""

from __future__ import annotations

import typing as t

from apiflask import APIBlueprint
from flask import Response, jsonify
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from listener.metrics import make_registry

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from .health import Health


def make_blueprint(engine: sa.Engine, health: Health) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("probes", __name__, enable_openapi=False)
    registry = make_registry(engine)

    @blueprint.get("/healthz")
    def alive() -> Response:
        return _uncached(jsonify(status="alive"))

    @blueprint.get("/readyz")
    def ready() -> Response:
        findings = health.findings()
        away = {name: finding.error for name, finding in findings.items() if not finding.ready}
        response = jsonify(
            status="ready" if not away else "not ready",
            not_ready=away,
            seconds={name: round(finding.seconds, 3) for name, finding in findings.items()},
        )
        response.status_code = 503 if away else 200
        return _uncached(response)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        return _uncached(Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST))

    return blueprint


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


__all__ = ("make_blueprint",)
