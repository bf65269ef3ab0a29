# SPDX-License-Identifier: GPL-3.0-or-later
"""``/commands``: what became of a command."""

from __future__ import annotations

import re
import typing as t

from apiflask import APIBlueprint

from listener import store

from .access import require
from .models import CommandDetails
from .openapi import PROBLEMS
from .problems import Problem

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from .access import Access

_ID: t.Final = re.compile(r"0x[0-9a-f]{64}")


def make_blueprint(engine: sa.Engine, access: Access) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("commands", __name__, url_prefix="/commands", tag="Commands")

    @blueprint.get("/<command_id>")
    @blueprint.auth_required(access.auth)
    @blueprint.output(CommandDetails, description="The command.")
    @blueprint.doc(operation_id="getCommand", summary="See what became of a command", responses=PROBLEMS)
    def command(command_id: str) -> CommandDetails:
        if not _ID.fullmatch(command_id.lower()):
            raise Problem("not_found")
        with engine.begin() as connection:
            found = store.get_command(connection, command_id.lower())
            if found is None:
                raise Problem("not_found")
            require(found.client)
            failures = store.list_events(connection, found.id, "failure")
            attempts = store.list_attempts(connection, found.id)
        return CommandDetails.compose(found, failures, attempts)

    return blueprint


__all__ = ("make_blueprint",)
