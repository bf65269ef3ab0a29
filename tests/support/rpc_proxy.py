# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON-RPC proxy that misbehaves on command: it drops, limits, delays and lies."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import urllib3

Alter = Callable[[list[Any], Any], Any]
"""Gets the parameters of a call and its true result; returns what the proxy says instead."""


class RpcProxy:
    """What the proxy does to the next requests; :meth:`heal` makes it honest again."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.requests: list[list[tuple[str, list[Any]]]] = []
        self.heal()

    def heal(self) -> None:
        """Pass everything on as it is."""
        self.delay = 0.0
        self.status = 200
        self.drops = False
        self.swallows: set[str] = set()
        self.max_batch: int | None = None
        self.lies: dict[str, Alter] = {}

    def lie(self, method: str, alter: Alter) -> None:
        """Change the results of ``method``."""
        self.lies[method] = alter

    def answer(self, calls: list[dict[str, Any]], forward: Callable[[], Any]) -> Any:
        """Return the answer to a batch; None means none at all."""
        if self.drops:
            return None
        if self.max_batch is not None and len(calls) > self.max_batch:
            error = {"code": -32005, "message": "query returned more than 10000 results"}
            return [{"jsonrpc": "2.0", "id": call["id"], "error": error} for call in calls]
        answers = {item["id"]: item for item in forward()}
        if any(call["method"] in self.swallows for call in calls):
            return None
        for call in calls:
            item = answers[call["id"]]
            if call["method"] in self.lies and "result" in item:
                item["result"] = self.lies[call["method"]](call["params"], item["result"])
        return list(answers.values())

    def methods(self) -> list[str]:
        """Return the methods of all calls so far, in order."""
        return [method for batch in self.requests for method, answered in batch]


@contextlib.contextmanager
def running_proxy(target: str) -> Iterator[RpcProxy]:
    """Run a proxy in front of the JSON-RPC at ``target`` until the block ends."""
    proxy = RpcProxy(target)
    pool = urllib3.PoolManager(retries=False, timeout=30)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            calls = json.loads(body)
            batch = calls if isinstance(calls, list) else [calls]
            proxy.requests.append([(call["method"], call["params"]) for call in batch])
            time.sleep(proxy.delay)
            if proxy.status != 200:
                return self.reply(proxy.status, b"{}")
            answer = proxy.answer(batch, lambda: self.forward(body, isinstance(calls, list)))
            if answer is None:
                self.close_connection = True
                return None
            return self.reply(200, json.dumps(answer if isinstance(calls, list) else answer[0]).encode())

        def forward(self, body: bytes, batch: bool) -> Any:
            answer = pool.request(
                "POST", proxy.target, body=body, headers={"content-type": "application/json"}
            ).json()
            return answer if batch else [answer]

        def reply(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keep the test's output clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
