# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A client's values file as a value: what runs, who may write next, and what was approved last."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import (
    Client,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

Json = dict[str, t.Any]
Decision = t.Literal["", "approved", "rolled_back"]

# The file says rolledBack, in the case of its other names; everything else says rolled_back.
_FILE_DECISIONS: t.Final[dict[str, Decision]] = {
    "": "",
    "approved": "approved",
    "rolledBack": "rolled_back",
}
_HEADER = """\
# Written by bot_freqtrade.platform.bot_values, and by nothing else: platform holds the fence of its runs.
"""
_AMBIGUOUS = re.compile(r"[-+.\d~=]")


@dataclasses.dataclass(frozen=True, order=True)
class Fence:
    """Who may write: a run with a lower fence than the file's has lost its turn."""

    sequence: int = 0
    attempt: int = 0


@dataclasses.dataclass(frozen=True)
class State:
    """What the chart makes a Deployment of; ``secrets`` are names."""

    replicas: int
    bot: Json
    secrets: Json

    @classmethod
    def stopped(cls, client: Client) -> State:
        """Return the state of a client that was never started."""
        return cls(0, {}, default_secrets(client))


@dataclasses.dataclass(frozen=True)
class Approved:
    """The last state that a decision approved, and the sequence it came with (0 for none)."""

    sequence: int
    state: State


@dataclasses.dataclass(frozen=True)
class Document:
    """The values file of one client."""

    client: Client
    live: State
    approved: Approved
    fence: Fence = Fence()
    command: str = ""
    decided: Decision = ""
    reason: str = ""
    evidence: Json = dataclasses.field(default_factory=dict)

    @classmethod
    def initial(cls, client: Client) -> Document:
        stopped = State.stopped(client)
        return cls(client, stopped, Approved(0, stopped))

    @classmethod
    def parse(cls, client: Client, text: bytes) -> Document:
        """Read a values file; raise ``undecided`` for one whose fence cannot be understood."""
        try:
            return _document(client, _load(text))
        except (ValueError, TypeError) as error:
            message = f"The file {client.values_path} is not one that bot_values wrote: {error}"
            raise PlatformError("undecided", message) from None

    def values(self) -> Json:
        """Return the file's content, in the file's order."""
        return {
            **_state_values(self.live),
            "platform": {
                "client": self.client.number,
                "sequence": self.fence.sequence,
                "attempt": self.fence.attempt,
                "command": self.command,
                "decided": next(key for key, value in _FILE_DECISIONS.items() if value == self.decided),
                "reason": self.reason,
                "evidence": self.evidence,
                "approved": {"sequence": self.approved.sequence, **_state_values(self.approved.state)},
            },
        }

    def text(self) -> str:
        """Return the file's text: the same for the same document, whoever writes it."""
        return _HEADER + _dump(self.values())


def default_secrets(client: Client) -> Json:
    """Return the names of the Secrets that every client has, and no exchange keys."""
    return {"database": client.database_secret, "api": client.api_secret, "exchange": ""}


def _state_values(state: State) -> Json:
    return {"replicas": state.replicas, "bot": state.bot, "secrets": state.secrets}


def _document(client: Client, values: Json) -> Document:
    platform = _get(values, "platform", dict, {})
    if _get(platform, "client", int, client.number) != client.number:
        raise ValueError("platform.client is another client")
    approved = _get(platform, "approved", dict, {})
    return Document(
        client=client,
        live=_state(client, values),
        approved=Approved(_get(approved, "sequence", int, 0), _state(client, approved)),
        fence=Fence(_get(platform, "sequence", int, 0), _get(platform, "attempt", int, 0)),
        command=_get(platform, "command", str, ""),
        decided=_decision(_get(platform, "decided", str, "")),
        reason=_get(platform, "reason", str, ""),
        evidence=_get(platform, "evidence", dict, {}),
    )


def _state(client: Client, values: Json) -> State:
    secrets = {**default_secrets(client), **_get(values, "secrets", dict, {})}
    return State(_get(values, "replicas", int, 0), _get(values, "bot", dict, {}), secrets)


def _decision(text: str) -> Decision:
    if text not in _FILE_DECISIONS:
        raise ValueError("platform.decided is unknown")
    return _FILE_DECISIONS[text]


_T = t.TypeVar("_T")


def _get(values: Json, key: str, kind: type[_T], default: _T) -> _T:
    value = values.get(key, default)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{key} is not of type {kind.__name__}")
    return value


def _load(text: bytes) -> Json:
    yaml = _yaml()
    try:
        values = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ValueError("it is not YAML") from None
    if not isinstance(values, dict):
        raise ValueError("it is not a mapping")
    return values


def _dump(values: Json) -> str:
    yaml = _yaml()
    dumper: t.Any = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda self, data: True})
    dumper.add_representer(str, _represent_text)
    return str(yaml.dump(values, Dumper=dumper, sort_keys=False, width=110))


def _represent_text(dumper: t.Any, text: str) -> t.Any:
    """Quote what another version of YAML could read as a number, such as the commit id 12345e6."""
    style = '"' if _AMBIGUOUS.match(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _yaml() -> t.Any:
    try:
        import yaml
    except ImportError:
        raise PlatformError("library_missing", "The Python library PyYAML is not installed") from None
    return yaml


__all__ = ("Approved", "Decision", "Document", "Fence", "Json", "State", "default_secrets")
