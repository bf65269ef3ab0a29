# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The bridge between the pods and the host."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import subprocess

from .errors import LocalPlatformError


@dataclasses.dataclass(frozen=True)
class Network:
    """A bridge with a /24 of its own; the pods' services of the host listen at its first address."""

    bridge: str
    """Name of the interface."""
    prefix: str
    """The first three numbers of its addresses."""

    @property
    def pods(self) -> str:
        """Where pods' connections come from."""
        return f"{self.prefix}.0/24"

    @property
    def host(self) -> str:
        """The host as pods see it."""
        return f"{self.prefix}.1"

    @property
    def first_pod(self) -> str:
        return f"{self.prefix}.10"

    @property
    def hardware(self) -> str:
        """A bridge without one takes a port's, which changes as pods come and go: then pods lose the host."""
        return "0a:58:" + ipaddress.IPv4Address(self.host).packed.hex(":")

    def exists(self) -> bool:
        """Whether the bridge is there."""
        command = ["ip", "link", "show", self.bridge]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def create(self) -> bool:
        """Make the bridge; False when it was there.

        :raises LocalPlatformError: when another network of this host uses its addresses.
        """
        if self.exists():
            return False
        routes = json.loads(_ip("-json", "route", "show", "to", "match", self.host) or "[]")
        taken = [route["dev"] for route in routes if route["dst"] != "default"]
        if taken:
            raise LocalPlatformError(f"{self.pods} is in use on this host: {', '.join(taken)}")
        _ip("link", "add", self.bridge, "address", self.hardware, "type", "bridge")
        _ip("address", "add", f"{self.host}/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")
        return True

    def remove(self) -> None:
        """Remove the bridge, if it is there."""
        if self.exists():
            _ip("link", "delete", self.bridge)


LOCAL = Network("bfp0", "10.88.77")


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise LocalPlatformError(f"ip {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
