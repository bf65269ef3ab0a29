# SPDX-License-Identifier: GPL-3.0-or-later
"""``/trade``: the bots of the clients."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from apiflask import APIBlueprint
from flask import g

from listener import store

from .access import require
from .models import Bot, Bots, BotStatus, CommandSummary, PageQuery, desired_state
from .openapi import PROBLEMS
from .problems import Problem

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from .access import Access
    from .cursors import Cursors

LAST_COMMANDS: t.Final = 10


def make_blueprint(engine: sa.Engine, access: Access, cursors: Cursors) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("trade", __name__, url_prefix="/trade", tag="Bots")

    @blueprint.get("")
    @blueprint.auth_required(access.auth)
    @blueprint.input(PageQuery, location="query", arg_name="page")
    @blueprint.output(Bots, description="A page of bots, by the client's number.")
    @blueprint.doc(
        operation_id="listBots", summary="List the bots that the token may see", responses=PROBLEMS
    )
    def list_bots(page: PageQuery) -> Bots:
        after = cursors.read(page.cursor) if page.cursor else 0
        with engine.begin() as connection:
            clients = store.page_of_clients(connection, g.scope.client, after, page.limit + 1)
            bots = [_bot(store.latest_commands(connection, client)) for client in clients[: page.limit]]
        more = len(clients) > page.limit
        return Bots(items=bots, next=cursors.make(clients[page.limit - 1]) if more else None)

    @blueprint.get("/<int:client_id>/status")
    @blueprint.auth_required(access.auth)
    @blueprint.output(BotStatus, description="The bot and its last commands.")
    @blueprint.doc(
        operation_id="getBotStatus", summary="See a bot's desired state and commands", responses=PROBLEMS
    )
    def status(client_id: int) -> BotStatus:
        require(client_id)
        with engine.begin() as connection:
            commands = store.latest_commands(connection, client_id)
        if not commands:
            raise Problem("not_found")
        newest = sorted(commands, key=lambda command: -command.sequence)[:LAST_COMMANDS]
        return BotStatus(**vars(_bot(commands)), commands=[CommandSummary.of(command) for command in newest])

    return blueprint


def _bot(commands: list[store.Command]) -> Bot:
    """Return the bot of a client's commands: its last ones, and those that are approved last or undecided."""
    by_number = sorted(commands, key=lambda command: command.sequence)
    approved = [command for command in by_number if command.outcome == "approved"]
    undecided = [command for command in by_number if command.outcome is None]
    wishes = [wish for command in by_number if (wish := desired_state(command))]
    client = by_number[-1].client
    return Bot(
        client_id=client,
        name=Client(client).host,
        desired_state=wishes[-1] if wishes else "stopped",
        approved=CommandSummary.of(approved[-1]) if approved else None,
        current=CommandSummary.of(undecided[0]) if undecided else None,
        latest=CommandSummary.of(by_number[-1]),
    )


__all__ = ("make_blueprint",)
