# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The mount and PID namespaces that all processes of the platform live in.

The supervisor is PID 1 inside. When it ends, the kernel ends every other process, and with the last of them all
mounts and network namespaces of pods vanish, however the end came about. The network is the host's.

Run as a module it is the first program inside: it arranges the mounts and becomes the supervisor.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from .users import write_databases

FIXED_FOLDERS = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers")
"""Folders whose place is compiled into Kubernetes or containerd; inside they are the platform's own."""


def start(configuration: Path, data: Path, visible: tuple[Path, ...], log: Path) -> subprocess.Popen[bytes]:
    """Start the supervisor inside new namespaces and return the process that holds them.

    :param configuration: the supervisor's configuration.
    :param data: folder that holds the contents of :data:`FIXED_FOLDERS`.
    :param visible: folders that unprivileged users must reach, wherever they are.
    """
    settings = {"configuration": str(configuration), "data": str(data), "visible": [str(path) for path in visible]}
    command = ["unshare", "--mount", "--propagation", "slave", "--pid", "--fork", "--kill-child", "--mount-proc"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*command, sys.executable, "-m", __name__, json.dumps(settings)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )


def enter() -> None:
    """Arrange the mounts inside the new namespaces and become the supervisor."""
    settings = json.loads(sys.argv[1])
    data = Path(settings["data"])
    for folder in FIXED_FOLDERS:
        own = data / folder.strip("/").replace("/", "-")
        own.mkdir(parents=True, exist_ok=True)
        _mount("--bind", own, folder)
    write_databases(data / "users")
    for name in ("passwd", "group"):
        _mount("--bind", data / "users" / name, f"/etc/{name}")
    _open_ways([Path(path) for path in settings["visible"]], data / "view")
    supervisord = Path(sys.prefix) / "bin" / "supervisord"
    os.execv(supervisord, [str(supervisord), "-c", settings["configuration"]])


def _open_ways(visible: list[Path], staging: Path) -> None:
    """Let everybody inside reach these folders: a closed home above one becomes an empty one that holds only them."""
    closed: dict[Path, list[Path]] = {}
    for path in visible:
        for ancestor in reversed(path.parents):
            if not ancestor.stat().st_mode & stat.S_IXOTH:
                closed.setdefault(ancestor, []).append(path)
                break
    for home, paths in closed.items():
        view = staging / home.name
        view.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", "mode=0755,size=1M", "tmpfs", view)
        for path in paths:
            place = view / path.relative_to(home)
            place.mkdir(parents=True, exist_ok=True)
            _mount("--bind", path, place)
        _mount("--move", view, home)


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


if __name__ == "__main__":
    enter()
