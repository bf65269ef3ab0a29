# SPDX-License-Identifier: GPL-3.0-or-later
"""The listener's database: all of its SQL lives here.

Functions take the connection of a transaction that the caller opens: ``with engine.begin() as connection``.
"""

from __future__ import annotations

from .commands import (
    admit,
    claim_next,
    close,
    finish,
    heartbeat,
    mark_stage,
    new_commands,
    refuse,
    requeue,
    supersede_earlier,
)
from .engine import Wakeup, make_engine
from .ingest import (
    Block,
    NewCommand,
    SourceError,
    Verdict,
    bind_chain,
    block_at,
    cursor,
    tell_chain,
    write_blocks,
)
from .queries import get_command, latest_commands, list_clients, list_commands, page_of_clients
from .records import (
    RunEvent,
    Token,
    add_token,
    clear_alarm,
    find_token,
    list_events,
    raise_alarm,
    record_event,
    revoke_token,
)
from .rows import Command, Outcome
from .transactions import (
    Attempt,
    Fees,
    Signed,
    close_slot,
    list_attempts,
    note_broadcast,
    note_mined,
    open_attempts,
    prepare,
    prepare_replacement,
    settle,
    verdicts_to_send,
)

__all__ = (
    "Attempt",
    "Block",
    "Command",
    "Fees",
    "NewCommand",
    "Outcome",
    "RunEvent",
    "Signed",
    "SourceError",
    "Token",
    "Verdict",
    "Wakeup",
    "add_token",
    "admit",
    "bind_chain",
    "block_at",
    "claim_next",
    "clear_alarm",
    "close",
    "close_slot",
    "cursor",
    "find_token",
    "finish",
    "get_command",
    "heartbeat",
    "latest_commands",
    "list_attempts",
    "list_clients",
    "list_commands",
    "list_events",
    "make_engine",
    "mark_stage",
    "new_commands",
    "note_broadcast",
    "note_mined",
    "open_attempts",
    "page_of_clients",
    "prepare",
    "prepare_replacement",
    "raise_alarm",
    "record_event",
    "refuse",
    "requeue",
    "revoke_token",
    "settle",
    "supersede_earlier",
    "tell_chain",
    "verdicts_to_send",
    "write_blocks",
)
