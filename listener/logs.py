# SPDX-License-Identifier: GPL-3.0-or-later
"""Structured logs: one JSON object per line on standard error, with the command's id where there is one."""

from __future__ import annotations

import logging
import sys
import typing as t

import structlog

if t.TYPE_CHECKING:
    import contextlib


def configure_logs(role: str, level: str = "info") -> None:
    """Send this process's logs, those of libraries included, to standard error as JSON lines.

    :param role: name of the role, in every line.
    :param level: ``debug``, ``info``, ``warning`` or ``error``.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # urllib3 logs the URLs of requests, and the RPC's may hold a key.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(role=role)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of the module *name*."""
    return structlog.stdlib.get_logger(name)


def command_logs(command_id: str, client: int | None = None) -> contextlib.AbstractContextManager[None]:
    """Return a context in which every log line carries *command_id*, and its *client* where that is known."""
    known = {} if client is None else {"client": client}
    return structlog.contextvars.bound_contextvars(command_id=command_id, **known)


__all__ = ("command_logs", "configure_logs", "get_logger")
