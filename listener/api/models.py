# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API answers; fields that are not named here never leave."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    START,
    STOP,
    evidence_hash,
)
from pydantic import BaseModel, ConfigDict, Field

if t.TYPE_CHECKING:
    from listener.store import Attempt, Command, RunEvent

State = t.Literal["new", "admitted", "running", "decided", "sent", "done", "alarm"]
Decision = t.Literal["approved", "rolled_back"]


class Model(BaseModel):
    """Takes and gives only the fields it names."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PageQuery(Model):
    """Which part of a list is asked for."""

    limit: int = Field(50, ge=1, le=200, description="Most entries of the page.")
    cursor: str = Field("", max_length=64, description="`next` of the page before; empty for the first page.")


class CommandSummary(Model):
    """A command in short."""

    id: str = Field(description="commandId of the contract: 0x and 64 hexadecimal digits.")
    sequence: int = Field(description="The command's number among its client's: 1, 2, 3 ...")
    operation: str | None = Field(
        description="trade.start or trade.stop; null when the payload did not open."
    )
    state: State
    outcome: Decision | None
    reason: str = Field(description="Code of a rollback; empty otherwise.")
    specification: dict[str, t.Any] | None = Field(
        description="The bot that was asked for, without any secret."
    )
    timings: dict[str, float] = Field(description="Stages reached, each with its time in Unix seconds.")

    @classmethod
    def of(cls, command: Command) -> t.Self:
        """Return the summary of a command."""
        return cls(**_summary(command))


class Bot(Model):
    """A client's bot."""

    client_id: int
    name: str = Field(description="Namespace of the bot, for example cliente-001.")
    desired_state: t.Literal["running", "stopped"] = Field(
        description="What the client's newest command asked for that was not rolled back."
    )
    approved: CommandSummary | None = Field(description="The newest command that was approved.")
    current: CommandSummary | None = Field(description="The oldest command that is not decided yet.")
    latest: CommandSummary = Field(description="The newest command.")


class BotStatus(Bot):
    """A client's bot and its last commands."""

    commands: list[CommandSummary] = Field(description="The last ten commands, newest first.")


class Bots(Model):
    """A page of bots."""

    items: list[Bot]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class Failure(Model):
    """Why the last attempt that failed did."""

    attempt: int
    code: str
    category: str
    message: str


class Transaction(Model):
    """A transaction that carries the verdict."""

    hash: str
    nonce: int
    state: t.Literal["prepared", "broadcast", "mined", "final", "replaced"]


class Block(Model):
    """Where the command stands on the chain."""

    number: int
    hash: str
    transaction: str


class CommandDetails(CommandSummary):
    """Everything about a command."""

    client_id: int
    sender: str
    attempt: int
    evidence: dict[str, t.Any] | None
    evidence_hash: str | None = Field(description="keccak256 of the evidence's canonical JSON, computed now.")
    evidence_hash_on_chain: str | None = Field(description="What the contract holds, once that is final.")
    failure: Failure | None
    transactions: list[Transaction]
    block: Block

    @classmethod
    def compose(cls, command: Command, failures: list[RunEvent], attempts: list[Attempt]) -> t.Self:
        """Return the details of a command."""
        last = failures[-1] if failures else None
        return cls(
            **_summary(command),
            client_id=command.client,
            sender=command.sender,
            attempt=command.attempt,
            evidence=command.evidence,
            evidence_hash=_hash(command),
            evidence_hash_on_chain=command.evidence_hash,
            failure=Failure(attempt=last.attempt, **last.data) if last else None,
            transactions=[
                Transaction.model_validate({"hash": item.hash, "nonce": item.nonce, "state": item.state})
                for item in attempts
            ],
            block=Block(number=command.block_number, hash=command.block_hash, transaction=command.tx_hash),
        )


def _summary(command: Command) -> dict[str, t.Any]:
    return {
        "id": command.id,
        "sequence": command.sequence,
        "operation": command.operation,
        "state": command.state,
        "outcome": command.outcome,
        "reason": command.reason,
        "specification": command.specification or None,
        "timings": command.timings,
    }


def _hash(command: Command) -> str | None:
    if command.evidence is None:
        return command.evidence_hash
    return "0x" + evidence_hash(command.evidence).hex()


def desired_state(command: Command) -> t.Literal["running", "stopped"] | None:
    """Return what a command asks for; None when it was rolled back or never opened."""
    if command.outcome == "rolled_back":
        return None
    if command.stop or command.operation == STOP:
        return "stopped"
    return "running" if command.operation in (START, None) else None


__all__ = (
    "Bot",
    "BotStatus",
    "Bots",
    "CommandDetails",
    "CommandSummary",
    "PageQuery",
    "desired_state",
)
