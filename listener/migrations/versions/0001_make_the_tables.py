# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database forward."""
    op.create_table(
        "api_tokens",
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the token, hexadecimal"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=True, comment="null: every client"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_api_tokens")),
        comment="bearer tokens of the API",
    )
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False, comment="Unix seconds"),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_blocks")),
        comment="finalized blocks that were read; the greatest number is the cursor",
    )
    op.create_table(
        "chain",
        sa.Column("single", sa.Boolean(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column(
            "final_number", sa.BigInteger(), nullable=True, comment="last finalized block the RPC told"
        ),
        sa.Column("final_time", sa.BigInteger(), nullable=True, comment="its timestamp, Unix seconds"),
        sa.Column(
            "contacted_at", sa.DateTime(timezone=True), nullable=True, comment="last good answer of the RPC"
        ),
        sa.Column(
            "error", sa.Text(), server_default="", nullable=False, comment="code while the chain is away"
        ),
        sa.CheckConstraint("single", name=op.f("ck_chain_single")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_chain")),
        comment="the one chain and contract of this database, and how watch sees it",
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.Text(), nullable=False, comment="commandId, 0x and 64 hexadecimal digits"),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False, comment="sealed, as on the chain"),
        sa.Column("stop", sa.Boolean(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("tx_hash", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.Column("specification", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "evidence_hash",
            sa.Text(),
            nullable=True,
            comment="as the contract holds it; set when the verdict is final",
        ),
        sa.Column(
            "timings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="stage: Unix seconds",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("outcome IN ('approved', 'rolled_back')", name=op.f("ck_commands_outcome")),
        sa.CheckConstraint("state <> 'running' OR lease_until IS NOT NULL", name=op.f("ck_commands_lease")),
        sa.CheckConstraint(
            "state IN ('new', 'admitted', 'running', 'decided', 'sent', 'done', 'alarm')",
            name=op.f("ck_commands_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('decided', 'sent', 'done') OR outcome IS NOT NULL",
            name=op.f("ck_commands_decided"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
        sa.UniqueConstraint("block_number", "log_index", name=op.f("uq_commands_block_number_log_index")),
        sa.UniqueConstraint("client", "sequence", name=op.f("uq_commands_client_sequence")),
        comment="one row per commandId",
    )
    op.create_index(
        "ix_commands_open", "commands", ["state"], unique=False, postgresql_where=sa.text("state <> 'done'")
    )
    op.create_table(
        "signers",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("next_nonce", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_signers")),
        comment="its row lock makes one owner of a key's nonces",
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "raised_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["command_id"], ["commands.id"], name=op.f("fk_alarms_command_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        comment="what a person has to look at",
    )
    op.create_index(
        "uq_alarms_open",
        "alarms",
        ["kind", sa.literal_column("coalesce(command_id, '')")],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "run_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["command_id"], ["commands.id"], name=op.f("fk_run_events_command_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_events")),
        comment="what runs said, for the recovery after a crash; no secret ever",
    )
    op.create_index("ix_run_events_command_id_attempt", "run_events", ["command_id", "attempt"], unique=False)
    op.create_table(
        "transactions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("max_fee", sa.Numeric(precision=78, scale=0), nullable=False, comment="wei per gas"),
        sa.Column("priority_fee", sa.Numeric(precision=78, scale=0), nullable=False, comment="wei per gas"),
        sa.Column("gas", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("broadcast_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('prepared', 'broadcast', 'mined', 'final', 'replaced')",
            name=op.f("ck_transactions_state"),
        ),
        sa.ForeignKeyConstraint(["command_id"], ["commands.id"], name=op.f("fk_transactions_command_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint("hash", name=op.f("uq_transactions_hash")),
        comment="one row per broadcast of a verdict; rows of one signer and nonce replace each other",
    )
    op.create_index(op.f("ix_transactions_command_id"), "transactions", ["command_id"], unique=False)
    op.create_index(
        "ix_transactions_open",
        "transactions",
        ["signer", "nonce"],
        unique=False,
        postgresql_where=sa.text("state IN ('prepared', 'broadcast', 'mined')"),
    )


def downgrade() -> None:
    """Bring the database back."""
    op.drop_index(
        "ix_transactions_open",
        table_name="transactions",
        postgresql_where=sa.text("state IN ('prepared', 'broadcast', 'mined')"),
    )
    op.drop_index(op.f("ix_transactions_command_id"), table_name="transactions")
    op.drop_table("transactions")
    op.drop_index("ix_run_events_command_id_attempt", table_name="run_events")
    op.drop_table("run_events")
    op.drop_index("uq_alarms_open", table_name="alarms", postgresql_where=sa.text("cleared_at IS NULL"))
    op.drop_table("alarms")
    op.drop_table("signers")
    op.drop_index("ix_commands_open", table_name="commands", postgresql_where=sa.text("state <> 'done'"))
    op.drop_table("commands")
    op.drop_table("chain")
    op.drop_table("blocks")
    op.drop_table("api_tokens")
