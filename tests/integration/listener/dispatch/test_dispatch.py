# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of real ansible-runner in real bubblewraps: from an admitted command to its stored outcome."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount

from listener.dispatch.dispatcher import Dispatcher
from listener.executors import container, make_executor
from listener.store.tables import commands
from tests.support.roles import contained_role, eventually, running_role

if TYPE_CHECKING:
    from .conftest import Desk


@contextlib.contextmanager
def dispatching(desk: Desk, owner: str = "test", **changes: Any) -> Iterator[Dispatcher]:
    """A dispatcher in this process, without its loop."""
    settings = desk.settings(**changes)
    dispatcher = Dispatcher(settings, desk.listener.engine, make_executor(settings, owner), owner)
    try:
        yield dispatcher
    finally:
        dispatcher.close(0)


def drive(dispatcher: Dispatcher, desk: Desk, commands: list[str], seconds: float = 60) -> None:
    """Step until all *commands* are decided."""

    def decided() -> bool:
        dispatcher.step()
        states = desk.states()
        return all(states[command] == "decided" for command in commands)

    eventually(decided, seconds, what="decided")


def test_a_start_comes_to_its_outcome_with_every_stage(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet)
    with dispatching(desk) as dispatcher:
        drive(dispatcher, desk, [command])
    found = desk.listener.command(command)
    assert (found.outcome, found.reason, found.attempt) == ("approved", "", 1)
    assert found.evidence is not None
    assert found.evidence["commit"] == "c0ffee"
    in_order = sorted(found.timings, key=lambda stage: found.timings[stage])
    assert in_order == [
        "mined", "seen", "admitted", "claimed", "started", "prepared", "committed", "synced", "healthy",
        "decided_in_git", "decided",
    ]  # fmt: skip


def test_a_rescued_start_is_rolled_back_with_its_reason(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet, "Raises")
    with dispatching(desk) as dispatcher:
        drive(dispatcher, desk, [command])
    found = desk.listener.command(command)
    assert (found.outcome, found.reason) == ("rolled_back", "strategy_raises")
    assert "healthy" not in found.timings
    assert {"restored", "restored_synced", "restored_healthy"} <= found.timings.keys()
    (failure,) = desk.events(command, "failure")
    assert failure.data == {"code": "strategy_raises", "category": "unhealthy", "message": "It was seen"}


def test_one_that_hangs_does_not_keep_the_other_two_of_its_run_waiting(
    desk: Desk, wallets: list[LocalAccount]
) -> None:
    good, hanging, raising = (
        desk.start(wallet, strategy)
        for wallet, strategy in zip(wallets, ["Good", "Hangs", "Raises"], strict=True)
    )
    desk.admit()
    with dispatching(desk, max_runs=1) as dispatcher:
        drive(dispatcher, desk, [good, raising], seconds=60)
        assert desk.states()[hanging] == "running"
        assert "prepared" in desk.listener.command(hanging).timings
    assert [desk.journal(client) for client in (1, 2, 3)] == [[(1, 1)]] * 3


@pytest.mark.parametrize("strategy", ["BreaksOnce", "Killed"])
def test_an_attempt_without_outcome_runs_again_and_is_no_rollback(
    desk: Desk, wallet: LocalAccount, strategy: str
) -> None:
    command = desk.admitted(wallet, strategy)
    with dispatching(desk) as dispatcher:
        drive(dispatcher, desk, [command], seconds=90)
    found = desk.listener.command(command)
    assert (found.outcome, found.attempt) == ("approved", 2)
    assert desk.journal(1) == [(1, 1), (1, 2)]


def test_a_run_is_ended_at_its_limit(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet, "Hangs")
    with dispatching(desk, run_timeout=5) as dispatcher:
        dispatcher.step()
        eventually(lambda: desk.states()[command] == "admitted", 20, what="given back")
    found = desk.listener.command(command)
    assert found.timings["claimed"] + 5 < found.updated_at.timestamp() < found.timings["claimed"] + 15
    assert not _run_processes(desk)


def test_past_its_attempts_a_command_is_rolled_back_and_the_next_one_runs(
    desk: Desk, wallet: LocalAccount
) -> None:
    broken, next_one = desk.start(wallet, "Breaks"), desk.start(wallet)
    desk.admit()
    with dispatching(desk, max_attempts=2) as dispatcher:
        drive(dispatcher, desk, [broken, next_one], seconds=90)
    found = desk.listener.command(broken)
    assert (found.outcome, found.reason, found.attempt) == ("rolled_back", "undecided", 3)
    assert desk.journal(1, rollbacks=True) == [(1, 3)]
    assert desk.listener.alarms() == {"command_undecided": 1}
    assert desk.listener.command(next_one).outcome == "approved"


def test_a_command_that_cannot_be_rolled_back_either_gets_its_verdict(
    desk: Desk, wallet: LocalAccount
) -> None:
    command = desk.admitted(wallet, "BreaksForGood")
    with dispatching(desk, max_attempts=1, rollback_attempts=2) as dispatcher:
        drive(dispatcher, desk, [command], seconds=90)
    found = desk.listener.command(command)
    assert (found.outcome, found.reason, found.attempt) == ("rolled_back", "undecided", 3)
    assert desk.journal(1, rollbacks=True) == [(1, 2), (1, 3)]
    assert desk.listener.alarms() == {"command_undecided": 1}


def test_past_its_deadline_a_running_command_is_ended_and_rolled_back(
    desk: Desk, wallet: LocalAccount
) -> None:
    hanging, next_one = desk.start(wallet, "Hangs"), desk.start(wallet)
    desk.admit()
    with dispatching(desk, command_deadline=4, lease_seconds=1.5) as dispatcher:
        drive(dispatcher, desk, [hanging], seconds=30)
        assert desk.listener.command(hanging).reason == "undecided"
        assert desk.journal(1, rollbacks=True) == desk.journal(1)[-1:] == [(1, 2)]
    with dispatching(desk, owner="next") as dispatcher:
        drive(dispatcher, desk, [next_one])


def test_a_stop_ends_the_run_before_it_at_once(desk: Desk, wallet: LocalAccount) -> None:
    hanging = desk.admitted(wallet, "Hangs")
    with dispatching(desk) as dispatcher:
        dispatcher.step()
        eventually(lambda: "prepared" in desk.listener.command(hanging).timings, 60)
        stop = desk.stop(wallet)
        desk.admit()
        dispatcher.look_at_leases()
        drive(dispatcher, desk, [hanging, stop], seconds=60)
    found, stopped = desk.listener.command(hanging), desk.listener.command(stop)
    assert stopped.timings["claimed"] - stopped.timings["admitted"] < 5
    assert (found.outcome, found.reason) == ("rolled_back", "superseded")
    assert stopped.outcome == "approved"
    assert desk.journal(1) == [(1, 1), (2, 1)]


def test_a_stop_does_not_take_back_an_outcome_that_the_run_told(desk: Desk, wallet: LocalAccount) -> None:
    lingering = desk.admitted(wallet, "Lingers")
    with dispatching(desk) as dispatcher:
        drive(dispatcher, desk, [lingering])
        stop = desk.stop(wallet)
        desk.admit()
        drive(dispatcher, desk, [stop])
    assert desk.listener.command(lingering).outcome == "approved"


def test_a_decision_in_git_is_not_called_superseded(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet, "DiesAfterDecision")
    with dispatching(desk) as dispatcher:
        dispatcher.step()
        eventually(lambda: desk.listener.command(command).state == "admitted", what="given back")
        stop = desk.stop(wallet)
        desk.admit()
        drive(dispatcher, desk, [command, stop])
    assert desk.listener.command(command).outcome == "approved"


def test_a_run_sees_no_template_in_what_came_over_the_chain(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet)
    evil = "{{ lookup('pipe', 'touch " + str(desk.folder / "journal" / "pwned") + "') }}"
    desk.change(command, specification={"strategy": evil})
    with dispatching(desk) as dispatcher:
        drive(dispatcher, desk, [command])
    assert not (desk.folder / "journal" / "pwned").exists()


def test_a_run_inherits_nothing_of_the_dispatchers_environment(
    desk: Desk, wallet: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_HOST", "canary-of-the-environment")
    monkeypatch.setenv("ANSIBLE_DEBUG", "1")
    command = desk.admitted(wallet, "Hangs")
    with dispatching(desk) as dispatcher:
        dispatcher.step()
        eventually(lambda: "prepared" in desk.listener.command(command).timings, 60)
        inside = [_read(pid, "environ") for pid in _run_processes(desk)]
        assert inside
        for environment in inside:
            assert b"canary-of-the-environment" not in environment
            assert b"ANSIBLE_DEBUG=False" in environment
            assert b"PLATFORM_" not in environment


def test_a_late_workers_outcome_is_refused(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet, "HangsOnce")
    environment = desk.environment | {"PLATFORM_LEASE_SECONDS": "2", "PLATFORM_RUN_TIMEOUT": "60"}
    with running_role("dispatch", environment, desk.folder) as late:
        eventually(lambda: "prepared" in desk.listener.command(command).timings, 60)
        late.process.send_signal(signal.SIGSTOP)
        with dispatching(desk, owner="other") as dispatcher:
            drive(dispatcher, desk, [command], seconds=90)
        assert desk.listener.command(command).attempt == 2
        late.process.send_signal(signal.SIGCONT)
        eventually(lambda: "lease_lost" in late.log, what="the lease is seen to be lost")
        eventually(lambda: not _run_processes(desk), what="the late run is gone")
        assert late.terminate() == 0, late.log
    assert desk.listener.command(command).outcome == "approved"


def test_an_outcome_that_comes_after_the_lease_is_refused(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet, "RaisesOnce")
    with dispatching(desk, owner="late", lease_seconds=1) as late:
        late._closed.set()
        late.step()
        with dispatching(desk, owner="other") as other:
            eventually(
                lambda: other.step() and desk.listener.command(command).attempt == 2, what="taken over"
            )
            drive(other, desk, [command])
            eventually(lambda: not late._runs, 60, what="the late run has ended")
    found = desk.listener.command(command)
    assert (found.outcome, found.attempt) == ("approved", 2)
    assert {event.attempt for event in desk.events(command, "failure")} == {1}


def test_the_run_dies_with_a_killed_dispatcher_and_runs_once_more(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet, "HangsOnce")
    with running_role("dispatch", desk.environment, desk.folder) as role:
        eventually(lambda: "prepared" in desk.listener.command(command).timings, 60)
        assert _run_processes(desk)
        role.process.kill()
        role.wait()
    eventually(lambda: not _run_processes(desk), 3, what="the run has died")
    with running_role("dispatch", desk.environment, desk.folder) as role:
        eventually(
            lambda: desk.listener.command(command).attempt == 2, 15, what="taken over before the lease ends"
        )
        eventually(lambda: desk.states()[command] == "decided", 60, what=role.log)
        assert role.terminate() == 0, role.log
    found = desk.listener.command(command)
    assert (found.outcome, found.attempt) == ("approved", 2)
    assert desk.journal(1) == [(1, 1), (1, 2)]


def test_the_run_dies_with_a_dispatcher_that_is_killed_in_its_container(
    desk: Desk, wallet: LocalAccount
) -> None:
    command = desk.admitted(wallet, "HangsOnce")
    environment = desk.environment | {"PLATFORM_ISOLATION": "container"}
    with contained_role("dispatch", environment, desk.folder) as role:
        eventually(lambda: "prepared" in desk.listener.command(command).timings, 60, what=role.log)
        assert _run_processes(desk)
        role.contained.kill()
        role.wait()
        eventually(lambda: not _run_processes(desk), 3, what="the run has died")
    with contained_role("dispatch", environment, desk.folder) as role:
        eventually(lambda: desk.states()[command] == "decided", 60, what=role.log)
        role.contained.terminate()
        assert role.wait() == 0, role.log
    found = desk.listener.command(command)
    assert (found.outcome, found.attempt) == ("approved", 2)
    assert desk.journal(1) == [(1, 1), (1, 2)]


def test_a_run_in_a_container_is_ended_at_its_limit_with_all_its_processes(
    desk: Desk, wallet: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "require", lambda: None)
    command = desk.admitted(wallet, "HangsOnce")
    with dispatching(desk, run_timeout=40, isolation="container") as dispatcher:
        dispatcher.step()
        eventually(lambda: "prepared" in desk.listener.command(command).timings, 60)
        eventually(lambda: desk.states()[command] == "admitted", 60, what="given back")
        assert not _run_processes(desk)


def test_a_dispatcher_on_a_host_does_not_start_without_isolation(desk: Desk) -> None:
    environment = desk.environment | {"PLATFORM_ISOLATION": "container"}
    with running_role("dispatch", environment, desk.folder) as role:
        assert role.wait() == 1
        assert "PLATFORM_ISOLATION=container" in role.log


def test_an_outcome_that_was_not_stored_is_found_after_a_crash(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet)
    with (
        _locked_row(desk, command) as locked,
        running_role("dispatch", desk.environment, desk.folder) as role,
    ):
        eventually(locked, what="the run has told its outcome")
        role.process.kill()
        role.wait()
    assert desk.states()[command] == "running"
    with running_role("dispatch", desk.environment, desk.folder) as role:
        eventually(lambda: desk.states()[command] == "decided", what=role.log)
        assert role.terminate() == 0, role.log
    found = desk.listener.command(command)
    assert (found.outcome, found.attempt) == ("approved", 1)
    assert desk.journal(1) == [(1, 1)]


def test_a_dispatcher_that_is_told_to_end_gives_its_commands_back(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet, "HangsOnce")
    environment = desk.environment | {"PLATFORM_STOP_GRACE": "0.5"}
    with running_role("dispatch", environment, desk.folder) as role:
        eventually(lambda: "prepared" in desk.listener.command(command).timings, 60)
        assert role.terminate() == 0, role.log
    found = desk.listener.command(command)
    assert (found.state, found.lease_owner) == ("admitted", None)
    assert not _run_processes(desk)


def test_the_private_folder_is_closed_to_others(desk: Desk, wallet: LocalAccount) -> None:
    command = desk.admitted(wallet, "Hangs")
    with dispatching(desk) as dispatcher:
        dispatcher.step()
        eventually(lambda: "started" in desk.listener.command(command).timings)
        (folder,) = (desk.folder / "runs").glob("worker-test/*")
        assert folder.stat().st_mode & 0o077 == 0


def test_dispatch_refuses_to_start_without_keys(desk: Desk) -> None:
    for key in (desk.folder / "keys").iterdir():
        key.unlink()
    (desk.folder / "keys").rmdir()
    with running_role("dispatch", desk.environment, desk.folder) as role:
        assert role.wait() == 1
        assert "PLATFORM_KEY_DIRECTORY" in role.log


@contextlib.contextmanager
def _locked_row(desk: Desk, command: str) -> Iterator[Any]:
    """Hold the row from the moment the run is about to tell its outcome, so that it cannot be stored."""
    connection = desk.listener.engine.connect()
    held = False

    def told() -> bool:
        nonlocal held
        if not held and "healthy" in desk.listener.command(command).timings:
            connection.execute(sa.select(commands.c.id).where(commands.c.id == command).with_for_update())
            held = True
        events = (desk.folder / "runs").glob("worker-*/*/artifacts/run/job_events/*.json")
        return held and any("platform_outcome" in _text(path) for path in events)

    try:
        yield told
    finally:
        connection.rollback()
        connection.close()


def _run_processes(desk: Desk) -> list[int]:
    """Processes of runs: those that have a private folder of this test in their environment."""
    marker = f"HOME={desk.folder / 'runs'}".encode()
    return [
        int(path.name) for path in Path("/proc").glob("[0-9]*") if marker in _read(int(path.name), "environ")
    ]


def _text(event: Path) -> str:
    """The text of an event; none when ansible-runner has just given it another name."""
    try:
        return event.read_text()
    except FileNotFoundError:
        return ""


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
