# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the listener's database; the migrations make them, a test compares the two."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

STATES: t.Final = ("new", "admitted", "running", "decided", "sent", "done", "alarm")
UNDECIDED: t.Final = ("new", "admitted", "running")
OUTCOMES: t.Final = ("approved", "rolled_back")
ALARM_KINDS: t.Final = (
    "admission_blocked",
    "chain_conflict",
    "command_undecided",
    "decided_otherwise",
    "nonce_taken",
    "verdict_late",
)
TRANSACTION_STATES: t.Final = ("prepared", "broadcast", "mined", "final", "replaced")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_NOW: t.Final = sa.text("clock_timestamp()")
_NO_JSON: t.Final = sa.text("'{}'::jsonb")


def _time(name: str) -> sa.Column[t.Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


def _one_of(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    names = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({names})", name=column)


chain = sa.Table(
    "chain",
    metadata,
    sa.Column("single", sa.Boolean, primary_key=True),
    sa.Column("chain_id", sa.BigInteger, nullable=False),
    sa.Column("contract", sa.Text, nullable=False),
    sa.Column("final_number", sa.BigInteger, comment="last finalized block the RPC told"),
    sa.Column("final_time", sa.BigInteger, comment="its timestamp, Unix seconds"),
    sa.Column("contacted_at", sa.DateTime(timezone=True), comment="last good answer of the RPC"),
    sa.Column("error", sa.Text, nullable=False, server_default="", comment="code while the chain is away"),
    sa.CheckConstraint("single", name="single"),
    comment="the one chain and contract of this database, and how watch sees it",
)

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("parent", sa.Text, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False, comment="Unix seconds"),
    _time("seen_at"),
    comment="finalized blocks that were read; the greatest number is the cursor",
)

commands = sa.Table(
    "commands",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="commandId, 0x and 64 hexadecimal digits"),
    sa.Column("client", sa.BigInteger, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False, comment="sealed, as on the chain"),
    sa.Column("stop", sa.Boolean, nullable=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
    sa.Column("block_hash", sa.Text, nullable=False),
    sa.Column("log_index", sa.BigInteger, nullable=False),
    sa.Column("tx_hash", sa.Text, nullable=False),
    sa.Column("operation", sa.Text),
    sa.Column("specification", JSONB),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", sa.DateTime(timezone=True)),
    sa.Column("retry_at", sa.DateTime(timezone=True)),
    sa.Column("deadline_at", sa.DateTime(timezone=True)),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("evidence", JSONB),
    sa.Column("evidence_hash", sa.Text, comment="as the contract holds it; set when the verdict is final"),
    sa.Column("timings", JSONB, nullable=False, server_default=_NO_JSON, comment="stage: Unix seconds"),
    _time("created_at"),
    _time("updated_at"),
    sa.UniqueConstraint("client", "sequence"),
    sa.UniqueConstraint("block_number", "log_index"),
    _one_of("state", STATES),
    _one_of("outcome", OUTCOMES),
    sa.CheckConstraint("state <> 'running' OR lease_until IS NOT NULL", name="lease"),
    sa.CheckConstraint("state NOT IN ('decided', 'sent', 'done') OR outcome IS NOT NULL", name="decided"),
    sa.Index("ix_commands_open", "state", postgresql_where=sa.text("state <> 'done'")),
    comment="one row per commandId",
)

transactions = sa.Table(
    "transactions",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("command_id", sa.Text, sa.ForeignKey("commands.id"), nullable=False, index=True),
    sa.Column("signer", sa.Text, nullable=False),
    sa.Column("nonce", sa.BigInteger, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("max_fee", sa.Numeric(78, 0), nullable=False, comment="wei per gas"),
    sa.Column("priority_fee", sa.Numeric(78, 0), nullable=False, comment="wei per gas"),
    sa.Column("gas", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("broadcast_at", sa.DateTime(timezone=True)),
    _time("created_at"),
    _one_of("state", TRANSACTION_STATES),
    sa.Index(
        "ix_transactions_open",
        "signer",
        "nonce",
        postgresql_where=sa.text("state IN ('prepared', 'broadcast', 'mined')"),
    ),
    comment="one row per broadcast of a verdict; rows of one signer and nonce replace each other",
)

signers = sa.Table(
    "signers",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("next_nonce", sa.BigInteger, nullable=False),
    comment="its row lock makes one owner of a key's nonces",
)

run_events = sa.Table(
    "run_events",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("command_id", sa.Text, sa.ForeignKey("commands.id"), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", JSONB, nullable=False, server_default=_NO_JSON),
    _time("created_at"),
    sa.Index("ix_run_events_command_id_attempt", "command_id", "attempt"),
    comment="what runs said, for the recovery after a crash; no secret ever",
)

alarms = sa.Table(
    "alarms",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("command_id", sa.Text, sa.ForeignKey("commands.id")),
    sa.Column("message", sa.Text, nullable=False),
    _time("raised_at"),
    sa.Column("cleared_at", sa.DateTime(timezone=True)),
    sa.Index(
        "uq_alarms_open",
        "kind",
        sa.text("coalesce(command_id, '')"),
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    ),
    comment="what a person has to look at",
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True, comment="SHA-256 of the token, hexadecimal"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("client", sa.BigInteger, comment="null: every client"),
    _time("created_at"),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    comment="bearer tokens of the API",
)
