# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus metrics, computed from the store at each scrape, so any role can serve them."""

from __future__ import annotations

import typing as t

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from .store import statistics
from .store.tables import ALARM_KINDS, STATES, TRANSACTION_STATES

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

SILENT_SECONDS: t.Final = 10.0
"""A chain that said nothing for so long counts as unreachable, whether ``watch`` runs or not."""


class StoreCollector(Collector):
    """The state of the listener as its database has it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics.

        :raises sqlalchemy.exc.OperationalError: the database is away.
        """
        with self._engine.begin() as connection:
            yield from _chain(statistics.chain_view(connection))
            yield from _queues(statistics.queues(connection))
            yield _outcomes(statistics.outcomes(connection))
            yield _stages(statistics.stages(connection))
            yield _states(
                "platform_verdict_transactions",
                "Transactions that carry verdicts, by state",
                TRANSACTION_STATES,
                statistics.transaction_counts(connection),
            )
            yield GaugeMetricFamily(
                "platform_verdict_age_seconds",
                "Seconds since the oldest decision whose verdict is not final",
                value=statistics.verdict_age(connection),
            )
            alarms = statistics.open_alarms(connection)
            kinds = sorted({*ALARM_KINDS, *alarms})
            yield _states("platform_alarms", "Open alarms", kinds, alarms, label="kind")


def make_registry(engine: sa.Engine) -> CollectorRegistry:
    """Return a registry with the metrics of the store of *engine*."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StoreCollector(engine))
    return registry


def _chain(view: statistics.ChainView | None) -> Iterator[Metric]:
    silent = view is None or view.silent is None or view.silent > SILENT_SECONDS
    away = 1 if silent or (view and view.error) else 0
    yield GaugeMetricFamily("platform_chain_unreachable", "1 while the chain cannot be seen", value=away)
    if view is None or view.final is None:
        return
    yield GaugeMetricFamily("platform_chain_final_block", "Last final block", value=view.final)
    # Before its first block the listener has everything before it to read.
    lag = view.final - view.cursor if view.cursor is not None else view.final + 1
    yield GaugeMetricFamily("platform_chain_head_lag_blocks", "Final blocks not read yet", value=max(0, lag))
    if view.silent is not None:
        yield GaugeMetricFamily(
            "platform_chain_silent_seconds", "Seconds since the chain's last answer", value=view.silent
        )


def _queues(queues: list[statistics.Queue]) -> Iterator[Metric]:
    open_states = [state for state in STATES if state != "done"]
    depth = {queue.state: queue.depth for queue in queues}
    age = {queue.state: queue.age for queue in queues}
    yield _states("platform_queue_depth", "Commands by state", open_states, depth)
    yield _states("platform_queue_age_seconds", "Age of the oldest command of a state", open_states, age)


def _outcomes(outcomes: list[tuple[str, str, int]]) -> Metric:
    family = CounterMetricFamily(
        "platform_command_outcomes", "Decided commands", labels=["outcome", "reason"]
    )
    for outcome, reason, number in outcomes:
        family.add_metric([outcome, reason], number)
    return family


def _stages(stages: list[statistics.Stage]) -> Metric:
    family = SummaryMetricFamily(
        "platform_stage_seconds", "Seconds from the stage before, of the newest commands", labels=["stage"]
    )
    for stage in stages:
        family.add_metric([stage.name], count_value=stage.count, sum_value=stage.total)
        for quantile, seconds in stage.quantiles.items():
            family.add_sample(
                "platform_stage_seconds", {"stage": stage.name, "quantile": str(quantile)}, seconds
            )
    return family


def _states(
    name: str, text: str, states: t.Iterable[str], numbers: t.Mapping[str, float], label: str = "state"
) -> Metric:
    """Return a gauge with every state: a series that comes and goes is none to alert on."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for state in states:
        family.add_metric([state], numbers.get(state, 0))
    return family


__all__ = ("SILENT_SECONDS", "StoreCollector", "make_registry")
