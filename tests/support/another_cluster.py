# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A cluster with Argo CD that is not the platform's: the same parts, in folders and a network of its own.

It makes no claim of the host, as a cluster of somebody else does not. Its ports are the local platform's, so
a platform with a cluster of its own cannot run at the same time.

Run as a program it prints its kubeconfig and addresses when it is ready, and stays until SIGTERM or SIGINT.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
import typing as t
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "local"))

from platform_local.enclosure import FIXED_FOLDERS
from platform_local.errors import LocalPlatformError
from platform_local.host import Host
from platform_local.local_cluster import LocalCluster
from platform_local.network import Network
from platform_local.paths import Layout
from platform_local.processes import Processes

NETWORK: t.Final = Network("another0", "10.88.79")


class AnotherCluster:
    """The cluster, from nothing to ready and back."""

    def __init__(self) -> None:
        self.layout = Layout(Layout.here().checkout, "another-cluster", Path("/run/another_cluster"))
        self.kubeconfig = self.layout.admin_kubeconfig
        self._host = Host(self.layout, NETWORK)
        self._processes = Processes(self.layout)

    def start(self) -> None:
        """Start it, without any image but the sandbox's."""
        for folder in (
            self.layout.conf,
            self.layout.data,
            self.layout.pki,
            self.layout.logs,
            self.layout.run,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        self._host.prepare()
        cluster = self._cluster()
        cluster.prepare(running=False)
        self._processes.configure(cluster.programs(), FIXED_FOLDERS, {})
        cluster.start({})

    def stop(self) -> None:
        """End it and leave nothing but its logs."""
        if self._processes.enclosure.alive():
            with contextlib.suppress(LocalPlatformError, OSError):
                self._cluster().empty()
            self._processes.end()
        self._host.restore()
        shutil.rmtree(self.layout.run, ignore_errors=True)
        shutil.rmtree(self.layout.local, ignore_errors=True)

    def stop_program(self, name: str) -> None:
        """Take one part away."""
        self._processes.supervisor.stop(name)

    def start_program(self, name: str) -> None:
        """Bring it back."""
        self._processes.supervisor.start(name)

    def _cluster(self) -> LocalCluster:
        images = self.layout.data / "containerd"
        return LocalCluster(self.layout, self._processes.supervisor, NETWORK, images)


@contextlib.contextmanager
def another_cluster() -> t.Iterator[AnotherCluster]:
    """Start a cluster and end it with the block."""
    cluster = AnotherCluster()
    cluster.stop()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with another_cluster() as cluster, contextlib.suppress(KeyboardInterrupt):
        facts = {"kubeconfig": str(cluster.kubeconfig), "host": NETWORK.host, "pods": NETWORK.pods}
        print(json.dumps(facts), flush=True)
        signal.pause()


__all__ = ("NETWORK", "AnotherCluster", "another_cluster")

if __name__ == "__main__":
    main()
