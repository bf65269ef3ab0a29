# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``api``: clients see their bots and commands; probes and Prometheus see the listener."""

from __future__ import annotations

import typing as t

from apiflask import APIFlask

from listener import store
from listener.server import serve

from . import commands, probes, trade
from .access import Access
from .cursors import Cursors
from .health import Health, checks_of
from .openapi import describe, document_of
from .problems import register_problems
from .responses import register_responses

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from listener.settings import ApiSettings

MAX_BODY: t.Final = 64 * 1024


def create_api(settings: ApiSettings) -> APIFlask:
    """Return the app; it opens no connection before its first request."""
    engine = store.make_engine(settings.database_url)
    app = _make_app()
    _add_routes(app, engine, settings.requests_per_minute, settings.database_url)
    app.register_blueprint(probes.make_blueprint(engine, Health(checks_of(settings, engine))))
    return app


def describe_api() -> str:
    """Return the OpenAPI document; needs neither settings nor a database."""
    app = _make_app()
    _add_routes(app, store.make_engine("postgresql://"), 1, "")
    return document_of(app)


def _make_app() -> APIFlask:
    app = APIFlask("listener", docs_path=None, spec_path=None, static_folder=None)  # type: ignore[arg-type]
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    register_problems(app)
    register_responses(app)
    describe(app)
    return app


def _add_routes(app: APIFlask, engine: sa.Engine, requests_per_minute: int, secret: str) -> None:
    access = Access(engine, requests_per_minute)
    app.register_blueprint(trade.make_blueprint(engine, access, Cursors(secret)))
    app.register_blueprint(commands.make_blueprint(engine, access))


def run(settings: ApiSettings) -> int:
    """Serve until SIGTERM; return the exit code: 1 when the address cannot be had."""
    return serve(create_api(settings), settings.listen_host, settings.listen_port, MAX_BODY)


__all__ = ("create_api", "describe_api", "run")
