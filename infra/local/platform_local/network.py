# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The bridge between the pods and the host."""

from __future__ import annotations

import json
import subprocess

from .errors import LocalPlatformError

BRIDGE = "bfp0"
POD_NETWORK = "10.88.77.0/24"
HOST_ADDRESS = "10.88.77.1"
"""The host as pods see it; services for pods listen here."""
BRIDGE_MAC = "0a:58:0a:58:4d:01"
"""A bridge without one takes a port's, which changes as pods come and go: then pods lose the host."""


def exists() -> bool:
    """Whether the bridge is there."""
    return subprocess.run(["ip", "link", "show", BRIDGE], check=False, capture_output=True).returncode == 0


def create() -> bool:
    """Make the bridge; False when it was there.

    :raises LocalPlatformError: when another network of this host uses its addresses.
    """
    if exists():
        return False
    routes = json.loads(_ip("-json", "route", "show", "to", "match", HOST_ADDRESS) or "[]")
    taken = [route["dev"] for route in routes if route["dst"] != "default"]
    if taken:
        raise LocalPlatformError(f"{POD_NETWORK} is in use on this host: {', '.join(taken)}")
    _ip("link", "add", BRIDGE, "address", BRIDGE_MAC, "type", "bridge")
    _ip("address", "add", f"{HOST_ADDRESS}/24", "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")
    return True


def remove() -> None:
    """Remove the bridge, if it is there."""
    if exists():
        _ip("link", "delete", BRIDGE)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise LocalPlatformError(f"ip {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
