# SPDX-License-Identifier: GPL-3.0-or-later
"""The running platform, and a client of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.live import Live, Sent
from tests.e2e.machine import ROLES, Machine
from tests.e2e.parcels import HeldChain, Sealer
from tests.e2e.story import STOP
from tests.e2e.trail import Trail

NO_WALLET = "0x" + 40 * "0"
STORY_CLIENTS = (1, 2)
REGISTERED_AT_ONCE = 6
"""The tool takes seconds, for however many."""


@pytest.fixture(scope="session")
def live() -> Live:
    """The platform that ``make demo-up`` started."""
    return Live()


@pytest.fixture(scope="session")
def trail(live: Live) -> Trail:
    """Counts what commands leave behind."""
    return Trail(live)


@pytest.fixture(scope="session")
def sealer(live: Live) -> Sealer:
    """Seals what no honest tool seals."""
    return Sealer(live)


@pytest.fixture(scope="session")
def chain(live: Live) -> HeldChain:
    """The chain, block by block."""
    return HeldChain(live)


@pytest.fixture
def machine(live: Live) -> Machine:
    """The platform's processes, all running."""
    machine = Machine(live)
    machine.await_running("postgres", "anvil", *ROLES)
    return machine


@pytest.fixture(scope="module")
def stops(live: Live) -> Iterator[list[Sent]]:
    """Stops whose verdicts are awaited after the file's last test: they survive what the next one does."""
    sent: list[Sent] = []
    yield sent
    await_stops(live, sent)


@pytest.fixture
def undisturbed(live: Live, stops: list[Sent]) -> None:
    """No command of another test of this file runs."""
    await_stops(live, stops)


def await_stops(live: Live, sent: list[Sent]) -> None:
    """Expect the stops to be approved, and forget them."""
    while sent:
        assert live.decided(sent.pop(), 420).status == "Approved"


@pytest.fixture(scope="session")
def registered() -> list[int]:
    """Clients that no test had yet."""
    return []


@pytest.fixture
def clients(
    live: Live, trail: Trail, registered: list[int], stops: list[Sent]
) -> Iterator[Callable[[], int]]:
    """Registers clients that no test had before; their bots are stopped after the test."""
    made: list[int] = []

    def register() -> int:
        if not registered:
            registered.extend(new_clients(live, REGISTERED_AT_ONCE))
        made.append(registered.pop(0))
        return made[-1]

    yield register
    running = [number for number in made if trail.file_exists(number) and live.values(number)["replicas"]]
    stops.extend(live.send(number, STOP) for number in running)


@pytest.fixture
def client(clients: Callable[[], int]) -> int:
    """The number of a client that no test had before."""
    return clients()


def new_clients(live: Live, count: int) -> list[int]:
    """Register the next numbers; the first two are the story's."""
    wallet_of = live.contract.functions.walletOf
    first = next(number for number in itertools.count(1) if wallet_of(number).call() == NO_WALLET)
    numbers = list(range(max(first, STORY_CLIENTS[-1] + 1), max(first, STORY_CLIENTS[-1] + 1) + count))
    live.register(*(number for number in STORY_CLIENTS if number >= first), *numbers)
    return numbers
