# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``watch`` writes: finalized blocks and the commands in them, in one transaction."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from .engine import notify
from .rows import stamp
from .tables import blocks, chain, commands

if t.TYPE_CHECKING:
    from collections.abc import Sequence

_LOCK: t.Final = 0x77617463
"""Advisory lock that one writer of blocks holds until its transaction ends."""
KEPT_BLOCKS: t.Final = 10_000
"""Blocks kept below the cursor; older rows say nothing any more."""
_BLOCK: t.Final = sa.select(blocks.c.number, blocks.c.hash, blocks.c.parent, blocks.c.time)


class SourceError(Exception):
    """The database belongs to another chain or contract, or what is to be written does not follow from it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A finalized block; hashes are 0x and lower-case hexadecimal, *time* is Unix seconds."""

    number: int
    hash: str
    parent: str
    time: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision as the contract holds it; *evidence_hash* is 0x and 64 hexadecimal digits."""

    outcome: t.Literal["approved", "rolled_back"]
    reason: str
    evidence_hash: str


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command as its event tells it, with the contract's public stop flag."""

    id: str
    client: int
    sender: str
    sequence: int
    key_id: str
    payload: bytes
    stop: bool
    block_number: int
    block_hash: str
    log_index: int
    tx_hash: str
    verdict: Verdict | None
    """Not None when the contract already holds a final decision: such a command is never run."""


def bind_chain(connection: sa.Connection, chain_id: int, contract: str) -> None:
    """Make *chain_id* and *contract* the only source of this database.

    :raises SourceError: the database holds the commands of another one.
    """
    connection.execute(
        insert(chain).values(single=True, chain_id=chain_id, contract=contract).on_conflict_do_nothing()
    )
    bound = connection.execute(sa.select(chain.c.chain_id, chain.c.contract)).one()
    if tuple(bound) != (chain_id, contract):
        raise SourceError(
            f"The database holds chain {bound.chain_id}, contract {bound.contract}; "
            f"it cannot take chain {chain_id}, contract {contract}"
        )


def cursor(connection: sa.Connection) -> Block | None:
    """Return the highest block that was written, or None before the first."""
    return _block(connection, _BLOCK.order_by(blocks.c.number.desc()).limit(1))


def block_at(connection: sa.Connection, number: int) -> Block | None:
    """Return the block *number*, or None if it was not written or is kept no longer."""
    return _block(connection, _BLOCK.where(blocks.c.number == number))


def _block(connection: sa.Connection, statement: sa.Select[t.Any]) -> Block | None:
    row = connection.execute(statement).one_or_none()
    return Block(*row) if row else None


def write_blocks(
    connection: sa.Connection, after: Block | None, new: Sequence[Block], found: Sequence[NewCommand]
) -> bool:
    """Write the blocks *new* that follow *after*, and the commands *found* in them.

    :param after: the cursor from which the caller started to read.
    :returns: False, with nothing written, when another writer has moved the cursor meanwhile.
    :raises SourceError: the blocks do not follow the cursor, or a client's sequence has a gap.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    if cursor(connection) != after:
        return False
    parent = after
    for block in new:
        if parent and (block.number, block.parent) != (parent.number + 1, parent.hash):
            raise SourceError(
                f"Block {block.number} {block.hash} does not follow {parent.number} {parent.hash}"
            )
        parent = block
    connection.execute(sa.insert(blocks), [asdict(block) for block in new])
    connection.execute(sa.delete(blocks).where(blocks.c.number < new[-1].number - KEPT_BLOCKS))
    times = {block.number: block.time for block in new}
    for command in found:
        _write_command(connection, command, times[command.block_number])
    return True


def _write_command(connection: sa.Connection, command: NewCommand, mined: int) -> None:
    last = connection.scalar(
        sa.select(sa.func.max(commands.c.sequence)).where(commands.c.client == command.client)
    )
    expected = (last or 0) + 1
    if command.sequence != expected:
        raise SourceError(
            f"Command {command.id} has sequence {command.sequence} of client {command.client}; "
            f"expected {expected}"
        )
    values = asdict(command)
    verdict = values.pop("verdict")
    state = "done" if verdict else "new"
    connection.execute(
        sa.insert(commands).values(
            **values,
            **(verdict or {}),
            state=state,
            timings=stamp("seen", sa.func.jsonb_build_object("mined", mined)),
        )
    )
    notify(connection, state)


def tell_chain(
    connection: sa.Connection, final_number: int | None = None, final_time: int | None = None, error: str = ""
) -> None:
    """Store how ``watch`` sees the chain: its finalized head, or the code of the *error* that hides it."""
    values: dict[str, t.Any] = {"error": error}
    if not error:
        values |= {
            "final_number": final_number,
            "final_time": final_time,
            "contacted_at": sa.func.clock_timestamp(),
        }
    connection.execute(sa.update(chain).values(values))
