# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Find what the platform left on the host."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import typing as t
from pathlib import Path

from . import cgroups
from .host import LOCK, SYSCTLS
from .paths import Layout, cache_root
from .users import USERS

Snapshot = dict[str, list[str]]

FOLDERS = (
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/log/pods",
    "/var/log/containers",
    "/run/netns",
    "/run/containerd",
)
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (nothing is made there)
BESIDE = "LOCAL_PLATFORM_BESIDE"
"""Variable with the numbers of processes beside the platform: they and their descendants are not its."""


def snapshot() -> Snapshot:
    """Write down all that the platform could change: its processes, mounts, networks, rules, files."""
    return {
        "process": processes(),
        "mount": _mounts(),
        "network interface": [link["ifname"] for link in json.loads(_output("ip", "-json", "link"))],
        "network namespace": _network_namespaces(),
        "packet filter rule": _rules(),
        "control group": _control_groups(),
        "user": [
            line for name in ("passwd", "group") for line in Path("/etc", name).read_text().splitlines()
        ],
        "kernel setting": [
            f"{name} = {path.read_text().strip()}"
            for name in SYSCTLS
            if (path := Path("/proc/sys", name)).exists()
        ],
        "file": _files(),
    }


def differences(before: t.Mapping[str, list[str]], after: t.Mapping[str, list[str]]) -> list[str]:
    """What is there now and was not before, one line each; network rules and users that went count too."""
    lines = []
    for kind, now in after.items():
        was = set(before.get(kind, []))
        lines += [f"{kind}: {item}" for item in now if item not in was]
    for kind in ("packet filter rule", "user"):
        lines += [f"{kind} gone: {item}" for item in before.get(kind, []) if item not in set(after[kind])]
    return lines


def processes() -> list[str]:
    """Processes of the platform's users, from its cache or in other PID namespaces than this one."""
    own_namespace = os.readlink("/proc/self/ns/pid")
    numbers = {user.number for user in USERS}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            program = os.readlink(folder / "exe")
            foreign = os.readlink(folder / "ns/pid") != own_namespace
            owner = folder.stat().st_uid
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        suspect = (
            foreign
            or owner in numbers
            or "containerd" in program
            or program.startswith(f"{cache_root()}/tools-")
        )
        if suspect and not _runs_beside(folder.name):
            found.append(f"{folder.name} {command.strip()}")
    return found


def _runs_beside(number: str) -> bool:
    """Whether a process descends from one of :data:`BESIDE`; one that ends meanwhile does not."""
    roots = os.environ.get(BESIDE, "").split()
    while roots and number not in ("0", *roots):
        try:
            status = Path("/proc", number, "status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        number = status.partition("\nPPid:")[2].split()[0]
    return number in roots


def _mounts() -> list[str]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [" ".join(line.split()[:3]) for line in lines]


def _network_namespaces() -> list[str]:
    listing = _output("lsns", "--noheadings", "--type=net", "--output=NS,PID").splitlines()
    return [namespace for namespace, first in map(str.split, listing) if not _runs_beside(first)]


def _rules() -> list[str]:
    rules = []
    for program in ("iptables-save", "ip6tables-save", "nft"):
        try:
            text = _output(program, *(["list", "ruleset"] if program == "nft" else []))
        except FileNotFoundError:
            continue
        rules += [
            f"{program}: {line.split(' [')[0]}"
            for line in text.splitlines()
            if line and not line.startswith("#")
        ]
    return rules


def _control_groups() -> list[str]:
    return [
        str(path)
        for hierarchy in cgroups.hierarchies()
        for path in (hierarchy, *hierarchy.rglob("*"))
        if path.is_dir() and any(name in path.name for name in (Layout.here().control_group, "kubepods"))
    ]


def _files() -> list[str]:
    places = [*map(Path, FOLDERS), LOCK, Layout.here().run, Layout.here().local]
    inside = [path for place in places if place.exists() for path in (place, *place.glob("*"))]
    return [str(path) for path in (*inside, *_own_shared_memory())]


def _own_shared_memory() -> t.Iterator[Path]:
    own = {user.number for user in USERS}
    for path in SHARED_MEMORY.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # other programs' comes and goes
            if path.lstat().st_uid in own:
                yield path


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
