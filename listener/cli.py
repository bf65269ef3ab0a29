# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``flask --app listener``; each imports only what its role needs."""

from __future__ import annotations

import sys
import typing as t

import click

from .settings import (
    ApiSettings,
    DatabaseSettings,
    DispatchSettings,
    MonitorSettings,
    RoleSettings,
    SendSettings,
    SettingsError,
    WatchSettings,
)

if t.TYPE_CHECKING:
    from flask import Flask

_Settings = t.TypeVar("_Settings", bound=RoleSettings)


def register_commands(app: Flask) -> None:
    """Add the roles and ``migrate`` to the commands of *app*."""
    for command in (_migrate, _watch, _dispatch, _send, _api, _monitor, _alarm, _token, _openapi):
        app.cli.add_command(command)


def _load(kind: type[_Settings], role: str) -> _Settings:
    """Return the settings of *role* and set up its logs, or end the process with what is missing."""
    from .logs import configure_logs

    try:
        settings = kind.load()
    except SettingsError as error:
        raise click.ClickException(f"{role} cannot start: {error}") from error
    configure_logs(role, settings.log_level)
    return settings


@click.command("migrate")
def _migrate() -> None:
    """Bring the database to the schema of this version."""
    from .migrations import upgrade

    upgrade(_load(DatabaseSettings, "migrate").database_url)


@click.command("watch")
def _watch() -> None:
    """Write finalized blocks and their commands into the store."""
    from .watch import run

    sys.exit(run(_load(WatchSettings, "watch")))


@click.command("dispatch")
def _dispatch() -> None:
    """Run commands on an executor and store their outcomes."""
    from .dispatch import run

    sys.exit(run(_load(DispatchSettings, "dispatch")))


@click.command("send")
def _send() -> None:
    """Send the verdicts of decided commands to the contract."""
    from .send import run

    sys.exit(run(_load(SendSettings, "send")))


@click.command("api")
def _api() -> None:
    """Serve the API, the health checks and the metrics."""
    from .api import run

    sys.exit(run(_load(ApiSettings, "api")))


@click.command("monitor")
def _monitor() -> None:
    """Serve what Prometheus needs to know of bots, clients' figures, certificates and keys."""
    from .monitor import run

    sys.exit(run(_load(MonitorSettings, "monitor")))


@click.group("alarm")
def _alarm() -> None:
    """See what a person has to look at, and say that it was done."""


@_alarm.command("list")
def _list_alarms() -> None:
    """Print the open alarms, one in a line: number, time, kind, command and message."""
    from . import store

    engine = store.make_engine(_load(DatabaseSettings, "alarm").database_url)
    with engine.begin() as connection:
        for alarm in store.list_alarms(connection):
            about = [str(alarm.number), alarm.raised, alarm.kind, alarm.command_id or "-", alarm.message]
            click.echo(" ".join(about))


@_alarm.command("clear")
@click.argument("number", type=click.IntRange(min=1))
def _clear_alarm(number: int) -> None:
    """Close an alarm; it comes back when its cause is still there."""
    from . import store

    engine = store.make_engine(_load(DatabaseSettings, "alarm").database_url)
    with engine.begin() as connection:
        if not store.dismiss_alarm(connection, number):
            raise click.ClickException(f"No open alarm has the number {number}")


@click.group("token")
def _token() -> None:
    """Make and revoke the bearer tokens of the API."""


@_token.command("create")
@click.option("--name", required=True, help="Whose token it is.")
@click.option("--client", type=click.IntRange(min=1), help="The one client that it may see.")
@click.option("--all", "every", is_flag=True, help="It may see every client.")
def _create_token(name: str, client: int | None, every: bool) -> None:
    """Make a token and print it, this once; the store keeps its hash."""
    from .api.access import make_token

    if every == (client is not None):
        raise click.UsageError("Say whom the token is for: --client NUMBER or --all")
    click.echo(make_token(_load(DatabaseSettings, "token").database_url, name, client))


@_token.command("revoke")
@click.option("--name", required=True, help="Whose tokens end.")
def _revoke_token(name: str) -> None:
    """Revoke the tokens of a name."""
    from .api.access import revoke_token

    if not revoke_token(_load(DatabaseSettings, "token").database_url, name):
        raise click.ClickException(f"No valid token has the name {name}")


@click.command("openapi")
@click.argument("output", type=click.File("w", atomic=True), default="docs/api/openapi.json")
def _openapi(output: t.TextIO) -> None:
    """Write the OpenAPI document."""
    from .api import describe_api

    output.write(describe_api())


__all__ = ("register_commands",)
