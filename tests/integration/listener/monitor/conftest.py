# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients' database, Deployments of bots, and a reading of what a source tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from listener.monitor.sources import Source, Sources
from tests.support.clients_database import ClientsDatabase

Read = Callable[..., dict[str, float]]


@pytest.fixture(scope="session")
def prepared(postgres_15: Any) -> ClientsDatabase:
    database = ClientsDatabase(postgres_15)
    database.prepare()
    return database


@pytest.fixture
def database(prepared: ClientsDatabase) -> Iterator[ClientsDatabase]:
    """A prepared database; its clients go at the end."""
    yield prepared
    prepared.clear()


@pytest.fixture
def read() -> Read:
    """Scrape one source: the values by name and labels, as Prometheus writes them."""

    def scrape(source: Source) -> dict[str, float]:
        registry = CollectorRegistry()
        registry.register(Sources({"it": source}))
        found = {}
        for family in registry.collect():
            for sample in family.samples:
                labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
                found[f"{sample.name}{{{labels}}}"] = sample.value
        return found

    return scrape
