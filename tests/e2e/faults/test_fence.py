# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker paused beyond its lease wakes up late: nothing that it does then counts."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.e2e.live import Live, eventually
from tests.e2e.machine import DISPATCH, SECOND, Machine
from tests.e2e.story import GOOD_KEYS, start
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(1200)

SHORT_LEASE = 5
LATE_SECONDS = 30
"""How long a woken worker gets to do its harm."""


@pytest.fixture
def two(machine: Machine) -> Iterator[Machine]:
    """Two dispatchers with a short lease; the second does not run yet."""
    with (
        machine.settings(DISPATCH, lease_seconds=SHORT_LEASE),
        machine.second_dispatcher(lease_seconds=SHORT_LEASE),
    ):
        yield machine
        machine.stop(SECOND)


@pytest.mark.parametrize("stage", ["claimed", "committed", "healthy"])
def test_a_worker_woken_while_another_runs_the_same_command(
    stage: str, live: Live, trail: Trail, two: Machine, client: int
) -> None:
    sent = live.send(client, start("SampleTrend"), GOOD_KEYS)
    trail.await_stage(sent.id, stage)
    with two.asleep(DISPATCH):
        two.start(SECOND)
        eventually(lambda: trail.row(sent.id)["attempt"] > 1, "the second worker takes the command", 120)
        eventually(lambda: _taken_over(live, trail, sent.id, client), "the second worker's work", 120)
    trail.decided_once(sent)
    _leave_time()
    _agrees(live, trail, client, sent.sequence, "SampleTrend")


@pytest.mark.parametrize("stage", ["claimed", "committed", "healthy"])
def test_a_worker_woken_after_a_newer_command(
    stage: str, live: Live, trail: Trail, two: Machine, client: int
) -> None:
    old = live.send(client, start("SampleTrend"), GOOD_KEYS)
    trail.await_stage(old.id, stage)
    with two.asleep(DISPATCH):
        two.start(SECOND)
        trail.decided_once(old)
        new = live.send(client, start("SampleTrend") | _other_stake(), GOOD_KEYS)
        trail.decided_once(new)
        last = trail.last_commit(client)
    _leave_time()
    assert trail.last_commit(client) == last, "the worker that woke up late wrote to Git"
    assert trail.verdict_events(old.id) == trail.verdict_events(new.id) == 1
    _agrees(live, trail, client, new.sequence, "SampleTrend")


@pytest.mark.parametrize("stage", ["claimed", "healthy"])
def test_a_run_woken_after_a_newer_command(
    stage: str, live: Live, trail: Trail, two: Machine, client: int
) -> None:
    old = live.send(client, start("SampleTrend"), GOOD_KEYS)
    trail.await_stage(old.id, stage)
    with two.asleep(DISPATCH) as wake_runs:
        two.start(SECOND)
        trail.decided_once(old)
        new = live.send(client, start("SampleTrend") | _other_stake(), GOOD_KEYS)
        trail.decided_once(new)
        last, secrets = trail.last_commit(client), live.secrets(client)
        wake_runs()  # its dispatcher sleeps on: nobody tells the run that its lease is gone
        _leave_time()
        assert trail.last_commit(client) == last, "the run that woke up late wrote to Git"
        assert live.secrets(client) == secrets, "the run that woke up late made or removed a Secret"
    _agrees(live, trail, client, new.sequence, "SampleTrend")


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
    _agrees(live, trail, client, sent.sequence, "SampleTrend")


def _taken_over(live: Live, trail: Trail, command: str, client: int) -> bool:
    """The second attempt has written to Git, or has read there that the first decided."""
    if (2, "started") in trail.commits(command):
        return True
    return trail.file_exists(client) and bool(live.values(client)["platform"]["decided"])


def _other_stake() -> dict[str, object]:
    specification = start("SampleTrend")["specification"]
    return {"specification": specification | {"stake_amount": 50}}


def _leave_time() -> None:
    time.sleep(LATE_SECONDS)


def _agrees(live: Live, trail: Trail, client: int, sequence: int, strategy: str) -> None:
    """Expect Git, Secrets and cluster to hold the approved command and nothing else."""
    values = live.values(client)
    assert values["bot"]["strategy"] == strategy
    assert (values["platform"]["sequence"], values["platform"]["decided"]) == (sequence, "approved")
    secret = values["secrets"]["exchange"]
    assert secret.endswith(f"-exchange-{sequence}")
    assert [name for name in live.secrets(client) if "-exchange-" in name] == [secret]
    trail.trades_once(client)
