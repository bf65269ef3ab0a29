# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker paused beyond its lease wakes up late: nothing that it does then counts."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.live import Live, Sent, eventually
from tests.e2e.machine import DISPATCH, SECOND, Machine
from tests.e2e.story import GOOD_KEYS, start
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(1200)

SHORT_LEASE = 5
PLACES = ("healthy", "committed", "registered", "claimed")
"""Stages, and "registered": the fence in Git was passed, the client's secrets are not yet looked at."""
LATE_SECONDS = 20
"""How long a woken worker gets to do its harm."""

Asleep = contextlib.AbstractContextManager[tuple[list[Sent], Callable[[], None]]]


@pytest.fixture
def two(machine: Machine) -> Iterator[Machine]:
    """Two dispatchers with a short lease; the second does not run yet."""
    with (
        machine.settings(DISPATCH, lease_seconds=SHORT_LEASE),
        machine.second_dispatcher(lease_seconds=SHORT_LEASE),
    ):
        yield machine
        machine.stop(SECOND)


@pytest.fixture
def asleep(live: Live, trail: Trail, two: Machine, clients: Callable[[], int]) -> Callable[[], Asleep]:
    """Pauses a worker that runs one command at each place, each of another client; the runs go first."""

    @contextlib.contextmanager
    def fall_asleep() -> Iterator[tuple[list[Sent], Callable[[], None]]]:
        with contextlib.ExitStack() as pauses:
            sent = []
            for place in PLACES:
                sent.append(live.send(clients(), start("SampleTrend"), GOOD_KEYS))
                _await(trail, sent[-1], place)
                pauses.enter_context(two.runs_asleep(DISPATCH))
            wake_runs = pauses.enter_context(two.asleep(DISPATCH))
            two.start(SECOND)
            yield sent, wake_runs

    return fall_asleep


def test_a_worker_woken_while_another_runs_the_same_commands(
    live: Live, trail: Trail, asleep: Callable[[], Asleep]
) -> None:
    with asleep() as (sent, _):
        for one in sent:
            eventually(lambda one=one: trail.row(one.id)["attempt"] > 1, "the second worker takes it", 120)
            eventually(lambda one=one: _taken_over(live, trail, one), "the second worker's work", 120)
    for one in sent:
        trail.decided_once(one)
    _leave_time()
    for one in sent:
        _agrees(live, trail, one, "SampleTrend")


def test_a_worker_woken_after_newer_commands(live: Live, trail: Trail, asleep: Callable[[], Asleep]) -> None:
    with asleep() as (old, wake_runs):
        for one in old:
            trail.decided_once(one)
        new = [live.send(one.client, start("SampleTrend") | _other_stake(), GOOD_KEYS) for one in old]
        for one in new:
            trail.decided_once(one)
        kept = [(trail.last_commit(one.client), live.secrets(one.client)) for one in new]
        wake_runs()  # their dispatcher sleeps on: nobody tells them that their leases are gone
        assert [(trail.last_commit(one.client), live.secrets(one.client)) for one in new] == kept
    _leave_time()
    assert [(trail.last_commit(one.client), live.secrets(one.client)) for one in new] == kept
    assert [trail.verdict_events(one.id) for one in [*old, *new]] == [1] * 2 * len(PLACES)
    for one in new:
        _agrees(live, trail, one, "SampleTrend")


def test_a_run_woken_without_its_dispatcher_is_ended_or_refused(
    live: Live, trail: Trail, two: Machine, client: int
) -> None:
    sent = live.send(client, start("SampleTrend"), GOOD_KEYS)
    trail.await_stage(sent.id, "committed")
    with two.runs_asleep(DISPATCH):
        two.kill(DISPATCH)
        two.start(SECOND)
        trail.decided_once(sent)
        last = trail.last_commit(client)
    _leave_time()
    assert trail.last_commit(client) == last
    _agrees(live, trail, sent, "SampleTrend")


@pytest.mark.usefixtures("undisturbed")
def test_a_run_woken_after_its_command_ended_undecided_starts_no_bot(
    live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    impatient = {"lease_seconds": SHORT_LEASE, "command_deadline": SHORT_LEASE}
    with machine.settings(DISPATCH, **impatient), machine.second_dispatcher(**impatient):
        sent = live.send(client, start("SampleTrend"), GOOD_KEYS)
        trail.await_stage(sent.id, "claimed")
        with machine.asleep(DISPATCH) as wake_runs:
            machine.start(SECOND)
            trail.decided_once(sent, "RolledBack", "undecided")
            last = trail.last_commit(client)
            wake_runs()  # no later command has raised the fence
        _leave_time()
        machine.stop(SECOND)
    assert trail.last_commit(client) == last
    trail.is_gone(client)


def _await(trail: Trail, sent: Sent, place: str) -> None:
    if place == "registered":
        eventually(lambda: (1, place) in trail.commits(sent.id), "the client's file in Git", 60, 0.02)
    else:
        trail.await_stage(sent.id, place)


def _taken_over(live: Live, trail: Trail, sent: Sent) -> bool:
    """The second attempt has written to Git, or has read there that the first decided."""
    if (2, "started") in trail.commits(sent.id):
        return True
    return trail.file_exists(sent.client) and bool(live.values(sent.client)["platform"]["decided"])


def _other_stake() -> dict[str, object]:
    specification = start("SampleTrend")["specification"]
    return {"specification": specification | {"stake_amount": 50}}


def _leave_time() -> None:
    time.sleep(LATE_SECONDS)


def _agrees(live: Live, trail: Trail, sent: Sent, strategy: str) -> None:
    """Expect Git, Secrets and cluster to hold the approved command and nothing else."""
    values = live.values(sent.client)
    assert values["bot"]["strategy"] == strategy
    assert (values["platform"]["sequence"], values["platform"]["decided"]) == (sent.sequence, "approved")
    secret = values["secrets"]["exchange"]
    assert secret.endswith(f"-exchange-{sent.sequence}")
    assert [name for name in live.secrets(sent.client) if "-exchange-" in name] == [secret]
    trail.trades_once(sent.client)
