# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The names that follow from a client's number."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

_HOST = re.compile(r"cliente-(\d{3,9})")


@dataclasses.dataclass(frozen=True, order=True)
class Client:
    """A client of the platform, known by the number the contract gave it (1, 2, 3 ...)."""

    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 999_999_999:
            raise PlatformError("usage", f"The client number {self.number} is not between 1 and 999999999")

    @classmethod
    def from_host(cls, host: str) -> Client:
        """Parse an inventory host name such as ``cliente-001``; raise ``usage`` for any other form."""
        match = _HOST.fullmatch(host)
        if match is None or cls(int(match[1])).host != host:
            raise PlatformError("usage", f"The host {host!r} is not a client such as cliente-001")
        return cls(int(match[1]))

    @property
    def host(self) -> str:
        """Inventory host, Kubernetes namespace, Argo CD application and folder in Git."""
        return f"cliente-{self.number:03d}"

    @property
    def namespace(self) -> str:
        return self.host

    @property
    def application(self) -> str:
        return self.host

    @property
    def schema(self) -> str:
        """PostgreSQL schema and role."""
        return f"cliente_{self.number:03d}"

    @property
    def values_path(self) -> str:
        """Path of the client's values file in the GitOps repository."""
        return f"clientes/{self.host}/values.yaml"

    @property
    def database_secret(self) -> str:
        return f"{self.host}-database"

    @property
    def api_secret(self) -> str:
        return f"{self.host}-api"

    def exchange_secret(self, sequence: int) -> str:
        """Name of the immutable Secret with the exchange keys that command number ``sequence`` brought."""
        return f"{self.host}-exchange-{sequence}"


__all__ = ("Client",)
