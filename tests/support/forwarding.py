# SPDX-License-Identifier: GPL-3.0-or-later
"""A service of loopback at another address of this host, for pods."""

from __future__ import annotations

import contextlib
import shutil
import socket
import socketserver
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def forwarded(address: str, port: int) -> Iterator[int]:
    """Pass what comes to *address* on to a port of loopback; yield the port to come to."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as inner:
                inner.settimeout(None)
                back = threading.Thread(target=_copy, args=(inner, self.request), daemon=True)
                back.start()
                _copy(self.request, inner)
                back.join()

    server = socketserver.ThreadingTCPServer((address, 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy until the source's end, and tell it the target."""
    with contextlib.suppress(OSError), source.makefile("rb", 0) as reader, target.makefile("wb", 0) as writer:
        shutil.copyfileobj(reader, writer)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
