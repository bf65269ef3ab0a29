# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a running platform: panels and rules find series, and lines of bots become records."""

from __future__ import annotations

import pathlib
import urllib.request
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import new_clients
from tests.e2e.live import ROOT, Live, eventually, host
from tests.e2e.story import BOT_SECONDS, STOP, start
from tests.support.logs import bot_records, shaped
from tests.support.prometheus import Prometheus, running_prometheus

pytestmark = pytest.mark.timeout(600)

SERIES_SECONDS = 60


@pytest.fixture(scope="module")
def trading(live: Live) -> Iterator[int]:
    """A client whose bot trades; it is stopped at the end."""
    (client,) = new_clients(live, 1)
    assert live.decided(live.send(client, start("SampleTrend"))).status == "Approved"
    eventually(lambda: live.trades(client) or None, "a trade", BOT_SECONDS)
    yield client
    assert live.decided(live.send(client, STOP), 420).status == "Approved"


def test_every_panel_and_rule_finds_series(live: Live, trading: int, tmp_path: pathlib.Path) -> None:
    with running_prometheus(tmp_path, live.facts["metrics"]) as prometheus:
        prometheus.await_series(SERIES_SECONDS, client=host(trading), __rate_interval="1m")
        assert value(prometheus, f'platform_bot_ready{{client="{host(trading)}"}}') == 1
        assert value(prometheus, f'platform_client_figures_readable{{client="{host(trading)}"}}') == 1
        trades = live.trades(trading)
        is_open = sum(1 for _, _, open_now in trades if open_now)
        assert value(prometheus, f'platform_client_open_trades{{client="{host(trading)}"}}') == is_open
        assert value(prometheus, "min(platform_monitor_source_up)") == 1


def value(prometheus: Prometheus, expression: str) -> float:
    (series,) = prometheus.query(expression)
    return float(series["value"][1])


def test_no_metric_tells_a_secret(live: Live) -> None:
    secrets = [path.read_text().strip() for path in (ROOT / "build" / "local" / "secrets").iterdir()]
    for port in live.facts["metrics"].values():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=15) as answer:
            text = answer.read().decode()
        assert [secret[:4] for secret in secrets if secret in text] == []


def test_every_line_of_a_bot_becomes_a_record_with_its_client(live: Live, trading: int) -> None:
    (pod,) = live.pods(trading)
    text = live.core.read_namespaced_pod_log(pod.metadata.name, host(trading), container="freqtrade")
    records = bot_records(text.splitlines())
    assert len(records) > 20
    assert [record for record in records if "logger" not in record] == []
    tag = f"bot.{host(trading)}.{pod.metadata.name}"
    for record in shaped([(tag, record) for record in records]):
        assert (record["client"], record["pod"], record["source"]) == (
            host(trading),
            pod.metadata.name,
            "bot",
        )
        assert record["level"] in ("debug", "info", "warning", "error", "critical")
