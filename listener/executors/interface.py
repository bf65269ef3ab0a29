# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dispatcher knows of an executor."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import START, STOP

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from listener.store import Command

    from .reports import Outcome, Report

ROLLBACK: t.Final = "rollback"
"""What is left to do for a command that is past its deadline; no client asks for it."""
PLAYBOOKS: t.Final = {
    START: "bot_freqtrade.platform.trade_start",
    STOP: "bot_freqtrade.platform.trade_stop",
    ROLLBACK: "bot_freqtrade.platform.trade_rollback",
}


@dataclass(frozen=True, slots=True)
class Source:
    """The chain and contract that commands come from."""

    chain_id: int
    contract: str


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt of one command."""

    id: str
    client: int
    attempt: int
    operation: str
    """Which of the playbooks runs."""
    variables: dict[str, t.Any]
    """The host variable ``platform_command``; nothing in it is secret."""

    @property
    def host(self) -> str:
        """The client's name in the inventory."""
        return Client(self.client).host

    @classmethod
    def of(cls, command: Command, source: Source) -> t.Self:
        """Return the work of a claimed command: what it asks for, or its rollback once it is overdue.

        :raises ValueError: the command was not admitted.
        """
        operation = command.operation
        if operation is None or operation not in PLAYBOOKS:
            raise ValueError(f"The command {command.id} has no operation that can run")
        variables = {
            "id": command.id,
            "sequence": command.sequence,
            "attempt": command.attempt,
            "operation": operation,
            "specification": command.specification or {},
            "payload": command.payload.hex(),
            "key_id": command.key_id.removeprefix("0x"),
            "sender": command.sender,
            "chain_id": source.chain_id,
            "contract": source.contract,
        }
        runs = ROLLBACK if command.overdue else operation
        return cls(command.id, command.client, command.attempt, runs, variables)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A command that a worker had in a run when it died, and the outcome if the run told one."""

    owner: str
    command_id: str
    attempt: int
    outcome: Outcome | None


class Job(t.Protocol):
    """A run of one or more commands."""

    @property
    def works(self) -> Sequence[Work]:
        """What it runs."""

    def reports(self) -> Iterator[tuple[Work, Report]]:
        """Yield what the run says as it happens, until it has ended; call it once.

        A command without an outcome by then is undecided.
        """

    def cancel(self) -> None:
        """End the run with everything it started; returns at once."""


class Executor(t.Protocol):
    """Runs commands."""

    def start(self, works: Sequence[Work]) -> Job:
        """Start a run of *works*: different clients, one operation.

        :raises OSError: it could not be prepared; nothing was started.
        :raises PlatformError: the same, with a code.
        """

    def leftovers(self) -> Iterator[Leftover]:
        """Yield what dead workers of this host left behind, and remove it as the iteration goes on."""

    def close(self) -> None:
        """Leave nothing behind; every job has ended."""


__all__ = ("PLAYBOOKS", "ROLLBACK", "Executor", "Job", "Leftover", "Source", "Work")
