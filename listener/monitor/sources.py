# SPDX-License-Identifier: GPL-3.0-or-later
"""Independent sources of metrics: one that is away takes no other with it."""

from __future__ import annotations

import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from listener.logs import get_logger

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = get_logger(__name__)

Source = t.Callable[[], list[Metric]]


@dataclass(frozen=True, slots=True)
class _Reading:
    metrics: list[Metric]
    error: str
    seconds: float


class Sources(Collector):
    """Asks named sources side by side at each scrape; each has its own time limits."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the sources that answer, and which of them do."""
        with self._lock, ThreadPoolExecutor(len(self._sources)) as pool:
            readings = dict(zip(self._sources, pool.map(_read, self._sources.values()), strict=True))
        up = gauge("platform_monitor_source_up", "1 for a source that answers, 0 for another", "source")
        seconds = gauge("platform_monitor_source_seconds", "Seconds that a source took", "source")
        for name, reading in readings.items():
            if reading.error:
                log.warning("source_failed", source=name, error=reading.error)
            up.add_metric([name], 0 if reading.error else 1)
            seconds.add_metric([name], reading.seconds)
        yield up
        yield seconds
        for reading in readings.values():
            yield from reading.metrics


def _read(source: Source) -> _Reading:
    began = time.monotonic()
    try:
        metrics = source()
    except Exception as error:
        return _Reading([], kind_of(error), time.monotonic() - began)
    return _Reading(metrics, "", time.monotonic() - began)


def kind_of(error: Exception) -> str:
    """Name the kind of a failure; texts of libraries hold addresses and worse."""
    return error.code if isinstance(error, PlatformError) else type(error).__name__


def gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    """Return an empty gauge."""
    return GaugeMetricFamily(name, text, labels=labels)


__all__ = ("Source", "Sources", "gauge", "kind_of")
