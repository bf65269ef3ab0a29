# SPDX-License-Identifier: GPL-3.0-or-later
"""Every failure is a problem+json (RFC 9457): what it is, what to do, and never the value that was sent."""

from __future__ import annotations

import secrets
import typing as t
from dataclasses import dataclass

from flask import Response, g, json
from sqlalchemy.exc import DBAPIError

from listener.logs import get_logger

if t.TYPE_CHECKING:
    from apiflask import APIFlask
    from apiflask.exceptions import HTTPError

log = get_logger(__name__)

TYPE_PREFIX: t.Final = "urn:bot-freqtrade:problem:"
_UNKNOWN: t.Final = "Extra inputs are not permitted"  # pydantic's words


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its status, what it is, and what the caller can do."""

    status: int
    title: str
    action: str


KINDS: t.Final = {
    "bad_request": Kind(400, "The request is malformed", "Correct the request."),
    "bad_cursor": Kind(400, "The cursor is not one of this list", "Start again without a cursor."),
    "unauthorized": Kind(401, "A valid bearer token is needed", "Send a token that is not revoked."),
    "not_found": Kind(404, "There is no such thing, or not for this token", "Check the address."),
    "method_not_allowed": Kind(405, "The resource does not know this method", "Use a method of Allow."),
    "too_large": Kind(413, "The request is too large", "Send less."),
    "invalid": Kind(422, "A parameter has a wrong form", "Correct the parameters that are named."),
    "too_many_requests": Kind(429, "Too many requests", "Wait as long as Retry-After says."),
    "internal": Kind(500, "The listener failed", "Report the trace_id."),
    "unavailable": Kind(503, "The listener cannot answer now", "Try again after some seconds."),
}
_BY_STATUS: t.Final = {kind.status: name for name, kind in reversed(KINDS.items())}


class Problem(Exception):
    """Ends a request with the problem *name* of :data:`KINDS`.

    :param fields: names of wrong parameters with the rule that each breaks.
    """

    def __init__(
        self, name: str, *, headers: dict[str, str] | None = None, fields: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(name)
        self.name = name
        self.headers = headers or {}
        self.fields = fields or {}


def trace_id() -> str:
    """Return the id under which this request is logged."""
    if "trace_id" not in g:
        g.trace_id = secrets.token_hex(16)
    value: str = g.trace_id
    return value


def register_problems(app: APIFlask) -> None:
    """Answer every error of *app* with a problem."""

    @app.errorhandler(Problem)
    def _problem(error: Problem) -> Response:
        return answer(error)

    @app.errorhandler(DBAPIError)
    def _database(error: DBAPIError) -> Response:
        log.warning("database_away", trace_id=trace_id(), error=type(error.orig).__name__)
        return answer(Problem("unavailable", headers={"Retry-After": "5"}))

    @app.errorhandler(Exception)
    def _any(error: Exception) -> Response:
        log.exception("request_failed", trace_id=trace_id(), error=type(error).__name__)
        return answer(Problem("internal"))

    @app.error_processor
    def _http(error: HTTPError) -> t.Any:
        name = _BY_STATUS.get(error.status_code) or ("bad_request" if error.status_code < 500 else "internal")
        detail = error.detail if error.status_code == KINDS["invalid"].status else {}
        # The name of an unknown parameter is the caller's own text.
        fields = {
            "unknown parameter" if rules == [_UNKNOWN] else key: rules
            for place in dict(detail).values()
            for key, rules in place.items()
        }
        headers = dict(error.headers)
        kept = {key: str(headers[key]) for key in ("Allow", "Retry-After") if key in headers}
        return answer(Problem(name, headers=kept, fields=fields))


def answer(problem: Problem) -> Response:
    """Return the response of a problem."""
    kind = KINDS[problem.name]
    body: dict[str, t.Any] = {
        "type": TYPE_PREFIX + problem.name,
        "title": kind.title,
        "status": kind.status,
        "action": kind.action,
        "trace_id": trace_id(),
    }
    if problem.fields:
        body["fields"] = problem.fields
    response = Response(json.dumps(body), kind.status, content_type="application/problem+json")
    response.headers.update(problem.headers)
    if kind.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="bot_freqtrade.platform"'
    return response


__all__ = ("KINDS", "TYPE_PREFIX", "Problem", "answer", "register_problems", "trace_id")
