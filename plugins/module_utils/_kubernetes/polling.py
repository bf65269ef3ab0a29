# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The clock of a loop that waits."""

from __future__ import annotations

import time
import typing as t


class Stopwatch:
    """Counts the seconds of a wait from its start to its deadline.

    :param seconds: how long the wait may take.
    :param clock: monotonic seconds; tests give their own.
    :param sleep: pauses for a number of seconds; tests give their own.
    """

    def __init__(
        self,
        seconds: float,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._start = clock()
        self.seconds = seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    @property
    def deadline(self) -> float:
        """The end of the wait on ``clock``."""
        return self._start + self.seconds

    @property
    def is_over(self) -> bool:
        return self.elapsed >= self.seconds

    def pause(self, seconds: float) -> None:
        self._sleep(seconds)


__all__ = ("Stopwatch",)
