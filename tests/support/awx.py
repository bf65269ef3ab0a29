# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the part of AWX's REST API that the executor uses."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Job:
    """A launched job and what its events will be."""

    number: int
    template: int
    limit: str
    extra_vars: dict[str, Any]
    status: str = "running"
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class FakeAwx:
    """What the stand-in knows; change it to misbehave."""

    token: str
    url: str = ""
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    ignores: set[str] = field(default_factory=set)
    away: bool = False

    def tell(self, number: int, **event: Any) -> None:
        """Add an event to a job."""
        events = self.jobs[number].events
        events.append({"counter": len(events) + 1, **event})

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Return status and body of a request."""
        if path == "inventories/3/hosts/":
            if method == "GET":
                return 200, {"count": int(query["name"] in self.hosts)}
            self.hosts[body["name"]] = json.loads(body["variables"])
            return 201, body
        if found := re.fullmatch(r"job_templates/(\d+)/launch/", path):
            return 201, self._launch(int(found[1]), body)
        if found := re.fullmatch(r"jobs/(\d+)/(cancel/|job_events/|)", path):
            return self._job(self.jobs[int(found[1])], found[2], query)
        return 404, {}

    def _launch(self, template: int, body: dict[str, Any]) -> dict[str, Any]:
        number = len(self.jobs) + 1
        limit = "" if "limit" in self.ignores else body["limit"]
        self.jobs[number] = Job(number, template, limit, json.loads(body["extra_vars"]))
        return {"job": number, "ignored_fields": {name: body[name] for name in self.ignores}}

    def _job(self, job: Job, what: str, query: dict[str, str]) -> tuple[int, Any]:
        if what == "cancel/":
            job.status = "canceled"
            return 202, {}
        if what == "job_events/":
            after = int(query["counter__gt"])
            return 200, {"results": [event for event in job.events if event["counter"] > after]}
        return 200, {"status": job.status}


@contextlib.contextmanager
def running_awx(token: str) -> Iterator[FakeAwx]:
    """Serve a stand-in on a free port of loopback."""
    awx = FakeAwx(token)

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if awx.away:
                status, answer = 502, None
            elif self.headers.get("Authorization") != f"Bearer {awx.token}":
                status, answer = 401, {}
            else:
                path = parts.path.removeprefix("/api/v2/")
                status, answer = awx.answer(self.command, path, query, body)
            data = json.dumps(answer).encode() if answer is not None else b"<html>"
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = handle_one

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    awx.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
