# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of metrics beside each other."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest

from listener.monitor.sources import Source, Sources, gauge, kind_of


def scrape(**sources: Source) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Sources(sources))
    return generate_latest(registry).decode()


def works() -> list[Metric]:
    metric = gauge("it_works", "It works", "name")
    metric.add_metric(["a"], 1)
    return [metric]


def fails() -> list[Metric]:
    raise ValueError("postgresql://platform_metrics:hunter2@db")


def test_a_source_that_fails_hides_no_other() -> None:
    text = scrape(works=works, fails=fails)
    assert 'it_works{name="a"} 1.0' in text
    assert 'platform_monitor_source_up{source="works"} 1.0' in text
    assert 'platform_monitor_source_up{source="fails"} 0.0' in text


def test_of_a_failure_only_its_kind_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "hunter2" not in scrape(fails=fails) + "".join(capsys.readouterr())
    assert kind_of(ValueError("hunter2")) == "ValueError"
    assert kind_of(PlatformError("chain_unreachable", "hunter2")) == "chain_unreachable"


def test_sources_are_asked_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def meets() -> list[Metric]:
        meeting.wait()
        return works()

    assert 'platform_monitor_source_up{source="first"} 1.0' in scrape(
        first=meets, second=lambda: meets() and []
    )
