# SPDX-License-Identifier: GPL-3.0-or-later
"""What every response has: cache rules, an entity tag, and no room for browsers' guesses."""

from __future__ import annotations

import typing as t

from flask import Response, g, request

from listener.logs import get_logger

from .problems import trace_id

if t.TYPE_CHECKING:
    from apiflask import APIFlask

log = get_logger(__name__)


def register_responses(app: APIFlask) -> None:
    """Finish every response of *app*."""
    app.after_request(_finish)


def _finish(response: Response) -> Response:
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        trace_id=trace_id(),
        token=g.scope.name if g.get("scope") else "",
    )
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Trace-Id"] = trace_id()
    if response.status_code != 200 or "Cache-Control" in headers:
        headers.setdefault("Cache-Control", "no-store")
        return response
    headers["Cache-Control"] = "private, no-cache"
    headers["Vary"] = "Authorization"
    response.add_etag()
    response.make_conditional(request)
    return response


__all__ = ("register_responses",)
