# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Where the local platform keeps things."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PYTHON = Path(sys.prefix) / "bin" / "python3"
"""The interpreter under one name: the same platform must not look changed to whoever calls it by another."""


def cache_root() -> Path:
    """The folder of built artifacts: outlives a platform and is shared by all checkouts of a user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bot_freqtrade"


@dataclasses.dataclass(frozen=True)
class Layout:
    """Every path of one checkout's platform."""

    checkout: Path
    """The folder that holds ``infra/``."""
    name: str = "local"
    """Of the folder below ``build/`` that holds the state."""
    run: Path = Path("/run/bot_freqtrade")
    """Sockets and pid files. Outside the checkout, because a socket's path may have 107 bytes only."""

    @classmethod
    def here(cls) -> Layout:
        """The layout of the checkout that this file belongs to."""
        return cls(Path(__file__).resolve().parents[3])

    @property
    def infra(self) -> Path:
        return self.checkout / "infra"

    @property
    def local(self) -> Path:
        """State of the running platform; gone after ``down``."""
        return self.checkout / "build" / self.name

    @property
    def logs(self) -> Path:
        """One log per component. They stay after ``down``, because a failure is read afterwards."""
        return self.checkout / "build" / f"{self.name}-logs"

    @property
    def control_group(self) -> str:
        """Name of the control group that holds the pods: there is one for each folder of sockets."""
        return self.run.name

    @property
    def pki(self) -> Path:
        return self.local / "pki"

    @property
    def conf(self) -> Path:
        """Configuration files and kubeconfigs of the components."""
        return self.local / "conf"

    @property
    def data(self) -> Path:
        """Folders that components write: etcd, kubelet, containerd, PostgreSQL."""
        return self.local / "data"

    @property
    def secrets(self) -> Path:
        """What only root may read: passwords of PostgreSQL's roles, the key of the contract's admin."""
        return self.local / "secrets"

    @property
    def platform(self) -> Path:
        """What playbooks need: kubeconfig, libpq passfile, the platform's private keys. The dispatcher's."""
        return self.local / "platform"

    @property
    def listener(self) -> Path:
        """What the other roles of the listener need. Their user's."""
        return self.local / "listener"

    @property
    def monitor(self) -> Path:
        """What the role of the listener needs that looks at bots and clients' figures. Its user's."""
        return self.local / "monitor"

    @property
    def collections(self) -> Path:
        """A collections path with this checkout in it."""
        return self.local / "collections"

    @property
    def inventory(self) -> Path:
        return self.local / "inventory"

    @property
    def gitops(self) -> Path:
        return self.local / "gitops.git"

    @property
    def admin_kubeconfig(self) -> Path:
        """The cluster's administrator, for people and for setting up."""
        return self.local / "admin.kubeconfig"

    @property
    def kubeconfig(self) -> Path:
        """What the platform itself may do in the cluster."""
        return self.platform / "kubeconfig"
