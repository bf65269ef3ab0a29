# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop that the roles share: steps until SIGTERM, with back-off while a neighbour is away."""

from __future__ import annotations

import signal
import threading
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category, PlatformError
from sqlalchemy.exc import DBAPIError

from .logs import get_logger

log = get_logger(__name__)

MAX_BACKOFF: t.Final = 5.0
"""Longest pause in seconds between two tries while a neighbour is away."""


class Stop:
    """The wish to end, set by SIGTERM or SIGINT; a step in progress is finished first."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def listen(self) -> t.Self:
        """Set this stop when the process is told to end; call it in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._event.set())
        return self

    def set(self) -> None:
        """Ask for the end."""
        self._event.set()

    def is_set(self) -> bool:
        """Tell whether the end was asked for."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep *seconds* or until the end is asked for; return whether it was."""
        return self._event.wait(seconds)


def run_loop(
    step: t.Callable[[], bool], stop: Stop, pause: t.Callable[[], None], away: t.Callable[[str], None]
) -> None:
    """Call *step* until *stop*, and *pause* whenever it says there was nothing to do.

    :param step: does one bounded piece of work; returns whether there may be more at once.
    :param away: told the code of a neighbour that is away, and ``""`` when a step has worked again.
    :raises PlatformError: any but the undecided ones, which mean "look again later".
    """
    backoff = 0.0
    while not stop.is_set():
        try:
            if not step():
                pause()
        except (DBAPIError, PlatformError) as error:
            backoff = min(MAX_BACKOFF, backoff * 2 or 0.25)
            away(_code_of(error))
            log.warning("step_failed", code=_code_of(error), error=_text_of(error), retry_in=backoff)
            stop.wait(backoff)
            continue
        if backoff:
            log.info("step_works_again")
            away("")
            backoff = 0.0


def _code_of(error: DBAPIError | PlatformError) -> str:
    """Return the code of an error that passes by itself, or raise the error."""
    if isinstance(error, PlatformError):
        if error.category is not Category.UNDECIDED:
            raise error
        return error.code
    # OperationalError: the server is away; a serialization failure or deadlock passes as well.
    if error.connection_invalidated or type(error).__name__ in ("OperationalError", "InterfaceError"):
        return "database_unreachable"
    raise error


def _text_of(error: DBAPIError | PlatformError) -> str:
    return error.message if isinstance(error, PlatformError) else str(error.orig).strip()


__all__ = ("MAX_BACKOFF", "Stop", "run_loop")
