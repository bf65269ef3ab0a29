# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What the platform changes on the host itself, and how it is put back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import typing as t
from pathlib import Path

from . import cgroups
from .enclosure import FIXED_FOLDERS
from .errors import LocalPlatformError
from .network import LOCAL, Network
from .paths import Layout

CLUSTER_PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "redis-server": "redis-server",
    "mmdebstrap": "mmdebstrap",
    "buildah": "buildah",
    "ip": "iproute2",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
"""Programs that a cluster on this host needs, and the Debian packages that bring them."""
COMMON_PACKAGES = {"bwrap": "bubblewrap", "git": "git"}
"""Programs that are always needed."""
SYSCTLS = (
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""Kernel settings that the kubelet and the pods' network write."""
LOCK = Path("/run/lock/bot_freqtrade.platform")


def missing_packages(own_cluster: bool = True) -> list[str]:
    """Debian packages that are not installed, of those the platform needs."""
    packages = {**COMMON_PACKAGES, **(CLUSTER_PACKAGES if own_cluster else {})}
    return sorted({package for program, package in packages.items() if shutil.which(program) is None})


def check(own_cluster: bool) -> None:
    """Find out before anything is built or started whether this host can hold the platform.

    :param own_cluster: whether a cluster is built and started here, too.
    :raises LocalPlatformError: names everything that is missing.
    """
    problems = []
    if os.geteuid() != 0:
        problems.append("root is needed: pods get namespaces, mounts and a network")
    problems += [
        f"the Debian package {package} is not installed" for package in missing_packages(own_cluster)
    ]
    problems += [
        f"{program} is not on PATH"
        for program in (*(("go",) if own_cluster else ()), "node", "npm")
        if shutil.which(program) is None
    ]
    if problems:
        raise LocalPlatformError("This host cannot hold the platform:\n- " + "\n- ".join(problems))


@contextlib.contextmanager
def claimed(layout: Layout, alive: t.Callable[[], bool]) -> t.Iterator[None]:
    """Hold the place that says whose platform is on this host: only one can have bridge and ports.

    The claim outlives the block, for as long as a platform is up; within it nobody else starts or ends one.

    :param alive: whether a platform runs; a claim that nobody holds up any more is taken over.
    :raises LocalPlatformError: names the other checkout whose platform is up.
    """
    with _locked() as file:
        owner = file.read().strip()
        if owner and owner != str(layout.checkout) and alive():
            raise LocalPlatformError(
                f"The platform of {owner} runs on this host; take it down there first (make demo-down)"
            )
        file.seek(0)
        file.truncate()
        file.write(f"{layout.checkout}\n")
        file.flush()
        yield


def release() -> None:
    """Give the claim up."""
    LOCK.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked() -> t.Iterator[t.TextIO]:
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with LOCK.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # While this one waited, the file may have been given up and made anew.
            if LOCK.exists() and LOCK.stat().st_ino == os.fstat(file.fileno()).st_ino:
                file.seek(0)
                yield file
                return


class Host:
    """The host's bridge, control groups, folders and kernel settings."""

    def __init__(self, layout: Layout, network: Network = LOCAL) -> None:
        self._network = network
        self._control_group = layout.control_group
        self._record = layout.local / "host.json"

    def prepare(self) -> bool:
        """Make what pods need, after writing down what there was; False when it was there already."""
        if not self._record.exists():
            self._record.parent.mkdir(parents=True, exist_ok=True)
            self._record.write_text(json.dumps(self._observe()), encoding="utf-8")
        for folder in FIXED_FOLDERS:
            Path(folder).mkdir(parents=True, exist_ok=True)
        cgroups.create(self._control_group)
        return self._network.create()

    def restore(self) -> None:
        """Put back what :meth:`prepare` wrote down. No process of the platform may be left."""
        self._network.remove()
        cgroups.remove(self._control_group)
        if not self._record.exists():
            return
        before = json.loads(self._record.read_text(encoding="utf-8"))
        for name, value in before["sysctls"].items():
            path = Path("/proc/sys", name)
            if path.read_text(encoding="utf-8") != value:
                path.write_text(value, encoding="utf-8")
        for folder in before["missing_folders"]:
            if Path(folder).is_dir():
                Path(folder).rmdir()

    @staticmethod
    def _observe() -> dict[str, t.Any]:
        paths = {name: Path("/proc/sys", name) for name in SYSCTLS}
        return {
            "sysctls": {
                name: path.read_text(encoding="utf-8") for name, path in paths.items() if path.exists()
            },
            "missing_folders": [folder for folder in FIXED_FOLDERS if not Path(folder).exists()],
        }
