# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``send`` writes: the transactions that carry verdicts, and the end of commands.

A *slot* is one nonce of one signer; its rows are attempts that replace each other, and exactly one of them is
ever mined. The row lock on the signer makes one owner of its nonces.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from .engine import notify
from .rows import CLOCK, COLUMNS, Command, stamp, to_command
from .tables import commands, signers, transactions

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OPEN: t.Final = ("prepared", "broadcast", "mined")


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers, in wei per gas."""

    max_fee: int
    priority_fee: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction; *hash* is 0x and 64 hexadecimal digits, *gas* its limit."""

    raw: bytes
    hash: str
    gas: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Attempt:
    """A row of ``transactions``; *age* and *quiet* are seconds since it was made and last broadcast."""

    id: int
    command_id: str
    nonce: int
    raw: bytes
    hash: str
    max_fee: int
    priority_fee: int
    gas: int
    state: str
    age: float
    quiet: float | None


def _seconds_since(column: sa.Column[t.Any]) -> sa.ColumnElement[t.Any]:
    return sa.func.date_part("epoch", CLOCK - column)


_COMPUTED: t.Final = {
    "age": _seconds_since(transactions.c.created_at).label("age"),
    "quiet": _seconds_since(transactions.c.broadcast_at).label("quiet"),
}
_ATTEMPT: t.Final = [
    _COMPUTED[field.name] if field.name in _COMPUTED else transactions.c[field.name]
    for field in fields(Attempt)
]


def verdicts_to_send(connection: sa.Connection, limit: int = 100) -> list[Command]:
    """Return the commands whose verdict is not final on the chain, in the order of their decision."""
    rows = connection.execute(
        sa.select(*COLUMNS)
        .where(commands.c.state.in_(("decided", "sent")))
        .order_by(commands.c.timings["decided"].as_float(), commands.c.id)
        .limit(limit)
    )
    return [to_command(row) for row in rows]


def open_attempts(connection: sa.Connection, signer: str) -> list[Attempt]:
    """Return the attempts of all open slots of *signer*, by nonce and age."""
    rows = connection.execute(
        sa.select(*_ATTEMPT)
        .where(transactions.c.signer == signer, transactions.c.state.in_(OPEN))
        .order_by(transactions.c.nonce, transactions.c.id)
    )
    return [_to_attempt(row) for row in rows]


def prepare(
    connection: sa.Connection, signer: str, command_id: str, chain_nonce: int, sign: Callable[[int], Signed]
) -> Attempt | None:
    """Open a slot for a verdict: take the lowest free nonce and store what *sign* makes of it.

    :param chain_nonce: number of transactions of the signer in the latest block.
    :returns: None when the verdict has an open slot already or needs none any more.
    """
    _own(connection, signer)
    waiting = connection.scalar(
        sa.select(commands.c.id).where(
            commands.c.id == command_id,
            commands.c.state.in_(("decided", "sent")),
            ~sa.exists().where(transactions.c.command_id == command_id, transactions.c.state.in_(OPEN)),
        )
    )
    if waiting is None:
        return None
    nonce = _free_nonce(connection, signer, chain_nonce)
    return _add(connection, signer, command_id, nonce, sign(nonce))


def prepare_replacement(
    connection: sa.Connection, signer: str, newest: Attempt, sign: Callable[[int], Signed]
) -> Attempt | None:
    """Store one more attempt in the slot of *newest*; None when there is a newer one or it is closed."""
    _own(connection, signer)
    current = connection.scalar(
        sa.select(transactions.c.id)
        .where(
            transactions.c.signer == signer,
            transactions.c.nonce == newest.nonce,
            transactions.c.state.in_(OPEN),
        )
        .order_by(transactions.c.id.desc())
        .limit(1)
    )
    if current != newest.id:
        return None
    return _add(connection, signer, newest.command_id, newest.nonce, sign(newest.nonce))


def note_broadcast(connection: sa.Connection, attempt: Attempt) -> None:
    """Note that an attempt was given to the network; it may or may not have arrived."""
    connection.execute(
        sa.update(transactions)
        .where(transactions.c.id == attempt.id, transactions.c.state.in_(("prepared", "broadcast")))
        .values(state="broadcast", broadcast_at=CLOCK)
    )
    connection.execute(
        sa.update(commands)
        .where(commands.c.id == attempt.command_id, commands.c.state == "decided")
        .values(state="sent", timings=stamp("sent"), updated_at=CLOCK)
    )


def note_mined(connection: sa.Connection, attempt: Attempt, mined: bool) -> None:
    """Note that an attempt is in a block that is not final yet, or, after a reorg, is not any more."""
    connection.execute(
        sa.update(transactions)
        .where(transactions.c.id == attempt.id, transactions.c.state.in_(OPEN))
        .values(state="mined" if mined else "broadcast")
    )


def close_slot(connection: sa.Connection, signer: str, nonce: int, winner: str | None) -> None:
    """End a slot whose nonce is used up for good.

    :param winner: hash of the attempt that is final; None when a transaction that is not ours took the nonce.
    """
    connection.execute(
        sa.update(transactions)
        .where(transactions.c.signer == signer, transactions.c.nonce == nonce, transactions.c.state.in_(OPEN))
        .values(state=sa.case((transactions.c.hash == winner, "final"), else_="replaced"))
    )
    connection.execute(
        sa.update(signers)
        .where(signers.c.address == signer)
        .values(next_nonce=sa.func.greatest(signers.c.next_nonce, nonce + 1))
    )


def settle(
    connection: sa.Connection, command_id: str, state: t.Literal["done", "alarm"], evidence_hash: str
) -> bool:
    """End a command whose decision is final on the chain; return False if it has ended already.

    :param state: ``alarm`` when the contract decided otherwise than the store.
    """
    changed = connection.execute(
        sa.update(commands)
        .where(commands.c.id == command_id, commands.c.state.in_(("decided", "sent")))
        .values(state=state, evidence_hash=evidence_hash, timings=stamp("final"), updated_at=CLOCK)
    ).rowcount
    if changed:
        notify(connection, state)
    return changed > 0


def list_attempts(connection: sa.Connection, command_id: str) -> list[Attempt]:
    """Return every transaction that ever carried the verdict of a command, oldest first."""
    rows = connection.execute(
        sa.select(*_ATTEMPT).where(transactions.c.command_id == command_id).order_by(transactions.c.id)
    )
    return [_to_attempt(row) for row in rows]


def _own(connection: sa.Connection, signer: str) -> None:
    connection.execute(insert(signers).values(address=signer, next_nonce=0).on_conflict_do_nothing())
    connection.execute(sa.select(signers.c.address).where(signers.c.address == signer).with_for_update())


def _free_nonce(connection: sa.Connection, signer: str, chain_nonce: int) -> int:
    floor = connection.scalar(sa.select(signers.c.next_nonce).where(signers.c.address == signer))
    taken: Sequence[int] = connection.scalars(
        sa.select(transactions.c.nonce).where(transactions.c.signer == signer, transactions.c.state.in_(OPEN))
    ).all()
    nonce = max(floor or 0, chain_nonce)
    while nonce in taken:
        nonce += 1
    return nonce


def _add(connection: sa.Connection, signer: str, command_id: str, nonce: int, signed: Signed) -> Attempt:
    row = connection.execute(
        sa.insert(transactions)
        .values(
            command_id=command_id,
            signer=signer,
            nonce=nonce,
            raw=signed.raw,
            hash=signed.hash,
            max_fee=signed.fees.max_fee,
            priority_fee=signed.fees.priority_fee,
            gas=signed.gas,
            state="prepared",
        )
        .returning(*_ATTEMPT)
    ).one()
    return _to_attempt(row)


def _to_attempt(row: sa.Row[t.Any]) -> Attempt:
    values = dict(row._mapping)
    values["max_fee"], values["priority_fee"] = int(row.max_fee), int(row.priority_fee)
    return Attempt(**values)
