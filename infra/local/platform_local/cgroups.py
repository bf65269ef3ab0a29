# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The control group that holds all pods of a cluster."""

from __future__ import annotations

from pathlib import Path


def create(name: str) -> None:
    """Make a group in every hierarchy of this host (one of cgroup v2, or one per controller of v1)."""
    for hierarchy in hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        for controller in _controllers(hierarchy):
            for parent in (hierarchy, group):
                (parent / "cgroup.subtree_control").write_text(f"+{controller}", encoding="ascii")


def remove(name: str) -> None:
    """Remove a group with all groups in it; no process may be left in them."""
    for hierarchy in hierarchies():
        top = hierarchy / name
        groups = [path for path in top.rglob("*") if path.is_dir()] if top.is_dir() else []
        for group in sorted(groups, reverse=True):
            group.rmdir()
        if top.is_dir():
            top.rmdir()


def _controllers(hierarchy: Path) -> list[str]:
    """Controllers that groups of a v2 hierarchy must be given; v1 hands them down by itself."""
    file = hierarchy / "cgroup.controllers"
    return file.read_text(encoding="ascii").split() if file.exists() else []


def hierarchies() -> list[Path]:
    """The mount points of control groups."""
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [Path(fields[1]) for fields in map(str.split, lines) if fields[2] in ("cgroup", "cgroup2")]
