# SPDX-License-Identifier: GPL-3.0-or-later
"""``watch`` and ``send`` as processes: killed at each stage, told to end, refused a start."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from eth_account.signers.local import LocalAccount

from listener import store
from tests.support.roles import REPOSITORY, crashing_role, eventually, running_role

if TYPE_CHECKING:
    from .conftest import Listener

WATCH_STAGES = [
    ("listener.chain.reader:ChainReader.read", "after"),
    ("listener.store.ingest:_write_command", "before"),
    ("listener.store.ingest:_write_command", "after"),
    ("listener.watch:Watcher._write", "after"),
]
SEND_STAGES = [
    ("listener.send.slots:Slots.open", "before"),
    ("listener.store.transactions:_add", "after"),
    ("listener.send.slots:Slots._broadcast", "before"),
    ("listener.chain.sender:ChainSender.broadcast", "after"),
    ("listener.store:note_broadcast", "after"),
    ("listener.send.slots:Slots._broadcast", "after"),
    ("listener.store:settle", "before"),
    ("listener.store:settle", "after"),
    ("listener.store:close_slot", "after"),
    ("listener.send.slots:Slots._close", "after"),
]


@pytest.mark.parametrize(("place", "moment"), WATCH_STAGES)
def test_a_killed_watch_loses_and_repeats_nothing(
    listener: Listener, wallet: LocalAccount, place: str, moment: str
) -> None:
    first, second = listener.submit(wallet, b"first"), listener.submit(wallet, b"second")
    final = listener.chain.finalize()
    with crashing_role("watch", place, moment, listener.environment, listener.folder) as role:
        assert role.wait() == -signal.SIGKILL, role.log
    with running_role("watch", listener.environment, listener.folder) as role:
        eventually(lambda: len(listener.commands()) == 2)
        assert role.terminate() == 0, role.log
    assert [command.id for command in listener.commands()] == [second, first]
    assert listener.block_numbers() == list(range(listener.platform.block, final + 1))


@pytest.mark.parametrize(("place", "moment"), SEND_STAGES)
def test_a_killed_send_gives_exactly_one_verdict(
    listener: Listener, wallet: LocalAccount, place: str, moment: str
) -> None:
    command = listener.decided(wallet)
    with crashing_role("send", place, moment, listener.environment, listener.folder) as role:
        eventually(lambda: mine(listener) and role.process.poll() is not None, what=place)
        assert role.wait() == -signal.SIGKILL, role.log
    with running_role("send", listener.environment, listener.folder) as role:
        eventually(lambda: mine(listener) and listener.command(command).state == "done")
        eventually(lambda: states(listener, command) == ["final"])
        assert role.terminate() == 0, role.log
    assert verdicts(listener, command) == 1
    assert listener.alarms() == {}


def test_the_signers_key_is_never_in_a_log_or_on_a_command_line(
    listener: Listener, wallet: LocalAccount
) -> None:
    command = listener.decided(wallet)
    key = listener.platform.operator.key.hex().removeprefix("0x")
    with running_role("send", listener.environment, listener.folder) as role:
        eventually(lambda: mine(listener) and listener.command(command).state == "done")
        for name in ("cmdline", "environ"):
            with open(f"/proc/{role.process.pid}/{name}", "rb") as file:
                assert key.encode() not in file.read()
        role.terminate()
        assert key not in role.log
        assert f'"command_id": "{command}"' in role.log


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_may_read_is_refused(listener: Listener, mode: int) -> None:
    (listener.folder / "signer.key").chmod(mode)
    with running_role("send", listener.environment, listener.folder) as role:
        assert role.wait() == 1
        assert "PLATFORM_SIGNER_KEY_FILE" in role.log
        assert "0600" in role.log


def test_a_key_that_is_none_is_refused_without_showing_it(listener: Listener) -> None:
    (listener.folder / "signer.key").write_text("not-a-key-5ec2e7")
    with running_role("send", listener.environment, listener.folder) as role:
        assert role.wait() == 1
        assert "not a private key" in role.log
        assert "5ec2e7" not in role.log


def test_every_missing_setting_is_named_at_once() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "listener", "send"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    for name in ("DATABASE_URL_FILE", "CHAIN_ID", "CONTRACT", "CONFIRMATIONS", "RPC_URL", "SIGNER_KEY_FILE"):
        assert f"PLATFORM_{name}" in result.stderr


def test_a_reorg_below_finality_ends_watch_with_an_alarm(listener: Listener, wallet: LocalAccount) -> None:
    listener.submit(wallet)
    listener.catch_up()
    listener.chain.reorg(4)
    listener.chain.finalize()
    with running_role("watch", listener.environment, listener.folder) as role:
        assert role.wait() == 1
        assert '"event": "stopped"' in role.log
    assert listener.alarms() == {"chain_conflict": 1}


def test_watch_and_send_wait_for_a_database_that_is_away(
    listener: Listener, wallet: LocalAccount, postgres_15: Any
) -> None:
    """The server drops every connection and takes none for a while."""
    name = listener.engine.url.database
    with (
        running_role("watch", listener.environment, listener.folder) as watch,
        running_role("send", listener.environment, listener.folder) as send,
    ):
        eventually(lambda: len(listener.block_numbers()) > 0)
        with postgres_15.superuser() as cursor:
            cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            command = listener.submit(wallet)
            listener.chain.finalize()
            eventually(lambda: "database_unreachable" in watch.log)
            eventually(lambda: "database_unreachable" in send.log)
            cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        listener.engine.dispose()
        eventually(lambda: len(listener.commands()) == 1)
        listener.decide(command)
        eventually(lambda: mine(listener) and listener.command(command).state == "done")
        assert watch.terminate() == 0
        assert send.terminate() == 0


def mine(listener: Listener) -> bool:
    listener.chain.mine()
    return True


def states(listener: Listener, command: str) -> list[str]:
    with listener.engine.begin() as connection:
        return [attempt.state for attempt in store.list_attempts(connection, command)]


def verdicts(listener: Listener, command: str) -> int:
    """Number of verdicts of a command in all of the contract's history."""
    events = listener.platform.contract.events
    return sum(
        len(event().get_logs(from_block=0, argument_filters={"commandId": command}))
        for event in (events.CommandApproved, events.CommandRolledBack)
    )
