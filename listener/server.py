# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server of the roles that have one."""

from __future__ import annotations

import signal
import typing as t

import waitress.server

from .logs import get_logger

if t.TYPE_CHECKING:
    from flask import Flask

log = get_logger(__name__)

THREADS: t.Final = 8


def serve(app: Flask, host: str, port: int, max_body: int) -> int:
    """Serve *app* until SIGTERM; return the exit code: 1 when the address cannot be had.

    :param max_body: bytes that a request's body may have.
    """
    try:
        server = waitress.server.create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            ident="",
            max_request_body_size=max_body,
            max_request_header_size=16 * 1024,
            channel_timeout=30,
        )
    except OSError as error:
        log.critical("stopped", error=str(error))
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    log.info("started", host=host, port=port)
    server.run()
    return 0


def _end(*_: t.Any) -> t.NoReturn:
    raise SystemExit


__all__ = ("serve",)
