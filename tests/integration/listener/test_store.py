# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue's rules on a real database."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from prometheus_client import generate_latest

from listener import store
from listener.metrics import make_registry
from listener.migrations import upgrade
from listener.store.tables import commands, metadata
from tests.support.roles import running_role

LEASE = 30.0
DEADLINE = 600.0
EVIDENCE = {"reason": "superseded"}


class Chain:
    """Writes blocks with commands, as ``watch`` would."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.parent: store.Block | None = None
        self.sequences: dict[int, int] = {}

    def add(self, *clients: int, stop: bool = False, verdict: store.Verdict | None = None) -> list[str]:
        """Write a block with one command of each client; return their ids."""
        number = self.parent.number + 1 if self.parent else 1
        block = store.Block(
            number, _hash(number), self.parent.hash if self.parent else _hash(0), 1000 + number
        )
        found = []
        for index, client in enumerate(clients):
            self.sequences[client] = self.sequences.get(client, 0) + 1
            found.append(_command(client, self.sequences[client], block, index, stop, verdict))
        with self.engine.begin() as connection:
            assert store.write_blocks(connection, self.parent, [block], found)
        self.parent = block
        return [command.id for command in found]

    def admitted(self, *clients: int, stop: bool = False) -> list[str]:
        """Write a block as :meth:`add` does and admit its commands."""
        ids = self.add(*clients, stop=stop)
        with self.engine.begin() as connection:
            for command in ids:
                assert store.admit(connection, command, "trade.start", {"strategy": "SampleTrend"})
        return ids


def _hash(number: int) -> str:
    return f"0x{number:064x}"


def _command(
    client: int, sequence: int, block: store.Block, index: int, stop: bool, verdict: store.Verdict | None
) -> store.NewCommand:
    return store.NewCommand(
        id=_hash(client * 1000 + sequence), client=client, sender="0x" + "11" * 20, sequence=sequence,
        key_id="0x01020304", payload=b"sealed", stop=stop, block_number=block.number, block_hash=block.hash,
        log_index=index, tx_hash=_hash(7), verdict=verdict,
    )  # fmt: skip


@pytest.fixture
def chain(engine: sa.Engine) -> Chain:
    return Chain(engine)


def claim(
    engine: sa.Engine, owner: str = "worker", limit: int = 10, lease: float = LEASE
) -> list[store.Command]:
    with engine.begin() as connection:
        return store.claim_next(connection, owner, lease, DEADLINE, limit)


def finish(engine: sa.Engine, command: store.Command, outcome: store.Outcome = "approved") -> bool:
    with engine.begin() as connection:
        reason = "" if outcome == "approved" else "bot_crashed"
        assert command.lease_owner
        return store.finish(
            connection, command.id, command.lease_owner, command.attempt, outcome, reason, {"reason": reason}
        )


def get(engine: sa.Engine, command: str) -> store.Command:
    with engine.begin() as connection:
        found = store.get_command(connection, command)
    assert found
    return found


def test_the_migrations_make_the_tables_of_the_code(engine: sa.Engine, database_url: str) -> None:
    upgrade(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_several_migrations_at_once_are_safe(postgres_15: Any, database_url: str, tmp_path: Path) -> None:
    with postgres_15.superuser() as cursor:
        cursor.execute("CREATE DATABASE listener_race OWNER listener")
    file = tmp_path / "url"
    file.touch(mode=0o600)
    url = sa.make_url(database_url).set(database="listener_race")
    file.write_text(url.render_as_string(hide_password=False))
    environment = {"PLATFORM_DATABASE_URL_FILE": str(file)}
    with contextlib.ExitStack() as running:
        roles = [running.enter_context(running_role("migrate", environment, tmp_path)) for _ in range(3)]
        assert [role.wait() for role in roles] == [0, 0, 0], [role.log for role in roles]


def test_each_client_gives_its_lowest_undecided_command(engine: sa.Engine, chain: Chain) -> None:
    first, other = chain.admitted(1, 2)
    (second,) = chain.admitted(1)
    assert [command.id for command in claim(engine)] == [first, other]
    assert claim(engine) == []
    assert finish(engine, get(engine, first))
    assert [command.id for command in claim(engine)] == [second]


def test_a_command_that_is_not_admitted_holds_back_the_later_ones(engine: sa.Engine, chain: Chain) -> None:
    (first,) = chain.add(1)
    chain.admitted(1)
    assert claim(engine) == []
    with engine.begin() as connection:
        assert [command.id for command in store.new_commands(connection)] == [first]
        assert store.refuse(connection, first, "key_revoked", {"reason": "key_revoked"})
    assert [command.sequence for command in claim(engine)] == [2]
    assert get(engine, first).state == "decided"


def test_a_claim_takes_the_next_attempt_and_sets_the_deadline_once(engine: sa.Engine, chain: Chain) -> None:
    chain.admitted(1)
    (command,) = claim(engine)
    assert (command.attempt, command.lease_owner, command.overdue) == (1, "worker", False)
    with engine.begin() as connection:
        assert store.requeue(connection, command.id, "worker", 1, delay=0)
    (again,) = claim(engine)
    assert again.attempt == 2
    assert again.deadline_at == command.deadline_at
    assert again.timings["claimed"] == command.timings["claimed"]


def test_a_requeued_command_waits_for_its_delay(engine: sa.Engine, chain: Chain) -> None:
    chain.admitted(1)
    (command,) = claim(engine)
    with engine.begin() as connection:
        assert store.requeue(connection, command.id, "worker", 1, delay=60)
    assert claim(engine) == []


def test_an_expired_lease_is_taken_and_its_late_owner_changes_nothing(
    engine: sa.Engine, chain: Chain
) -> None:
    chain.admitted(1)
    (late,) = claim(engine, "late", lease=0.05)
    time.sleep(0.1)
    (taken,) = claim(engine, "next")
    assert (taken.id, taken.attempt) == (late.id, 2)
    with engine.begin() as connection:
        assert store.heartbeat(connection, late.id, "late", 1, LEASE) is None
        assert not store.requeue(connection, late.id, "late", 1, 0)
    assert not finish(engine, late, "rolled_back")
    assert finish(engine, taken)
    assert not finish(engine, taken, "rolled_back")
    assert get(engine, taken.id).outcome == "approved"


def test_a_heartbeat_keeps_a_lease(engine: sa.Engine, chain: Chain) -> None:
    chain.admitted(1)
    (command,) = claim(engine, lease=0.2)
    with engine.begin() as connection:
        assert store.heartbeat(connection, command.id, "worker", 1, LEASE)
    time.sleep(0.3)
    assert claim(engine, "next") == []


def test_an_old_attempt_of_the_same_worker_has_lost_its_lease(engine: sa.Engine, chain: Chain) -> None:
    chain.admitted(1)
    (old,) = claim(engine, lease=0.01)
    time.sleep(0.05)
    (new,) = claim(engine)
    assert not finish(engine, old, "rolled_back")
    assert finish(engine, new)


def test_many_workers_claim_each_command_once(engine: sa.Engine, chain: Chain) -> None:
    ids = chain.admitted(*range(1, 13))
    claimed: list[str] = []

    def work(name: str) -> Callable[[], None]:
        def run() -> None:
            while found := claim(engine, name, limit=1):
                claimed.extend(command.id for command in found)

        return run

    assert _together([work(f"worker-{number}") for number in range(4)]) == []
    assert sorted(claimed) == sorted(ids)


def test_a_stop_ends_earlier_commands_that_never_ran(engine: sa.Engine, chain: Chain) -> None:
    (new,) = chain.add(1)
    (stop,) = chain.admitted(1, stop=True)
    with engine.begin() as connection:
        assert store.supersede_earlier(connection, 1, 2, EVIDENCE) == []
    ended = get(engine, new)
    assert (ended.state, ended.outcome, ended.reason) == ("decided", "rolled_back", "superseded")
    assert [command.id for command in claim(engine)] == [stop]


def test_a_stop_waits_for_the_run_that_it_cancels(engine: sa.Engine, chain: Chain) -> None:
    chain.admitted(1)
    (running,) = claim(engine)
    chain.admitted(1, stop=True)
    chain.admitted(2)
    with engine.begin() as connection:
        assert store.supersede_earlier(connection, 1, 2, EVIDENCE) == [running.id]
        seen = store.heartbeat(connection, running.id, "worker", 1, LEASE)
    assert seen
    assert seen.cancel_requested
    assert [command.client for command in claim(engine)] == [2]
    assert finish(engine, running, "rolled_back")
    assert [command.sequence for command in claim(engine)] == [2]


def test_a_cancelled_command_that_waits_for_its_next_run_is_claimed_at_once(
    engine: sa.Engine, chain: Chain
) -> None:
    chain.admitted(1)
    (command,) = claim(engine)
    with engine.begin() as connection:
        store.requeue(connection, command.id, "worker", 1, delay=600)
        assert store.supersede_earlier(connection, 1, 2, EVIDENCE) == [command.id]
    (again,) = claim(engine)
    assert again.cancel_requested


def test_blocks_must_follow_the_cursor(engine: sa.Engine, chain: Chain) -> None:
    chain.add()
    cursor = chain.parent
    for block in (store.Block(3, _hash(3), _hash(1), 5), store.Block(2, _hash(2), _hash(9), 5)):
        with pytest.raises(store.SourceError, match="does not follow"), engine.begin() as connection:
            store.write_blocks(connection, cursor, [block], [])
    with engine.begin() as connection:
        assert store.cursor(connection) == cursor


def test_a_stale_cursor_writes_nothing(engine: sa.Engine, chain: Chain) -> None:
    chain.add()
    old = chain.parent
    chain.add()
    with engine.begin() as connection:
        assert not store.write_blocks(connection, old, [store.Block(2, _hash(2), _hash(1), 5)], [])


def test_a_gap_in_a_clients_sequence_writes_nothing(engine: sa.Engine, chain: Chain) -> None:
    chain.add(1)
    chain.sequences[1] = 2
    with pytest.raises(store.SourceError, match="expected 2"):
        chain.add(1)
    with engine.begin() as connection:
        assert store.cursor(connection) == chain.parent


def test_a_decision_wakes_a_sender_at_once(engine: sa.Engine, chain: Chain) -> None:
    chain.admitted(1)
    (command,) = claim(engine)
    wakeup = store.Wakeup(engine, {"decided"})
    assert not wakeup.wait(0.01)
    timer = threading.Timer(0.2, finish, (engine, command))
    timer.start()
    start = time.monotonic()
    assert wakeup.wait(10)
    assert time.monotonic() - start < 2
    timer.join()
    wakeup.close()


def test_a_wakeup_ends_when_its_role_is_told_to_end(engine: sa.Engine) -> None:
    wakeup = store.Wakeup(engine, {"decided"})
    start = time.monotonic()
    assert not wakeup.wait(10, lambda: True)
    assert time.monotonic() - start < 2
    wakeup.close()


def test_an_alarm_is_open_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert store.raise_alarm(connection, "test", "first")
        assert not store.raise_alarm(connection, "test", "second")
        assert store.clear_alarm(connection, "test")
        assert not store.clear_alarm(connection, "test")
        assert store.raise_alarm(connection, "test", "third")


def test_events_of_runs_come_back_in_order(engine: sa.Engine, chain: Chain) -> None:
    (command,) = chain.add(1)
    with engine.begin() as connection:
        store.record_event(connection, command, 1, "outcome", {"decision": "approved"})
        store.record_event(connection, command, 2, "task", {})
        events = store.list_events(connection, command)
        assert [(event.attempt, event.kind) for event in events] == [(1, "outcome"), (2, "task")]
        assert store.list_events(connection, command, "outcome")[0].data == {"decision": "approved"}


def test_a_revoked_token_is_not_found(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        store.add_token(connection, "ab" * 32, "operator", None)
        assert store.find_token(connection, "ab" * 32) == store.Token("operator", None)
        assert store.find_token(connection, "cd" * 32) is None
        assert store.revoke_token(connection, "operator")
        assert store.find_token(connection, "ab" * 32) is None


def test_pages_of_commands_do_not_overlap(engine: sa.Engine, chain: Chain) -> None:
    ids = [*chain.add(1, 2), *chain.add(1, 3)]
    with engine.begin() as connection:
        first = store.list_commands(connection, limit=3)
        last = first[-1]
        rest = store.list_commands(connection, before=(last.block_number, last.log_index), limit=3)
        assert [command.id for command in first + rest] == ids[::-1]
        assert [command.client for command in store.list_commands(connection, client=1)] == [1, 1]
        assert store.list_commands(connection, states=["done"]) == []
        assert store.list_clients(connection) == [1, 2, 3]


def test_the_metrics_tell_the_whole_state(engine: sa.Engine, chain: Chain) -> None:
    with engine.begin() as connection:
        store.bind_chain(connection, 31337, "0x" + "11" * 20)
        store.tell_chain(connection, 9, 1000)
        store.raise_alarm(connection, "chain_conflict", "test")
    chain.admitted(1, 2)
    (command, _) = claim(engine)
    finish(engine, command, "rolled_back")
    chain.add(3, verdict=store.Verdict("approved", "", _hash(1)))
    text = generate_latest(make_registry(engine)).decode()
    for line in (
        "platform_chain_unreachable 0.0",
        "platform_chain_final_block 9.0",
        "platform_chain_head_lag_blocks 7.0",
        'platform_queue_depth{state="decided"} 1.0',
        'platform_queue_depth{state="running"} 1.0',
        'platform_queue_depth{state="new"} 0.0',
        'platform_command_outcomes_total{outcome="rolled_back",reason="bot_crashed"} 1.0',
        'platform_command_outcomes_total{outcome="approved",reason=""} 1.0',
        'platform_stage_seconds_count{stage="decided"} 1.0',
        'platform_alarms{kind="chain_conflict"} 1.0',
    ):
        assert line in text.splitlines()
    assert 'platform_stage_seconds{quantile="0.5",stage="claimed"}' in text
    assert 'platform_queue_age_seconds{state="running"}' in text


def test_a_chain_that_is_away_or_silent_is_unreachable(engine: sa.Engine) -> None:
    def seen() -> bool:
        return "platform_chain_unreachable 1.0" in generate_latest(make_registry(engine)).decode()

    assert seen()
    with engine.begin() as connection:
        store.bind_chain(connection, 31337, "0x" + "11" * 20)
        store.tell_chain(connection, 9, 1000)
    assert not seen()
    with engine.begin() as connection:
        store.tell_chain(connection, error="chain_unreachable")
    assert seen()
    with engine.begin() as connection:
        store.tell_chain(connection, 9, 1000)
        connection.execute(
            sa.update(store.tables.chain).values(contacted_at=sa.text("now() - interval '1 minute'"))
        )
    assert seen()


def test_old_blocks_are_forgotten(engine: sa.Engine, chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.ingest, "KEPT_BLOCKS", 2)
    for _ in range(5):
        chain.add()
    with engine.begin() as connection:
        assert [store.block_at(connection, number) is None for number in range(1, 6)] == [
            True,
            True,
            False,
            False,
            False,
        ]


def test_the_database_refuses_states_that_cannot_be(engine: sa.Engine, chain: Chain) -> None:
    (command,) = chain.add(1)
    for values in ({"state": "lost"}, {"state": "running"}, {"state": "decided"}, {"outcome": "perhaps"}):
        with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
            connection.execute(sa.update(commands).where(commands.c.id == command).values(values))


def _together(calls: list[Callable[[], None]]) -> list[BaseException]:
    """Run calls in threads at once and return what they raised."""
    failures: list[BaseException] = []

    def guarded(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
