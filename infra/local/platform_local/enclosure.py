# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The mount and PID namespaces that all processes of the platform live in.

The supervisor is PID 1 inside. When it ends, the kernel ends every other process, and with the last of them
all mounts and network namespaces of pods vanish, however the end came about. The network is the host's.

Run as a module it is the first program inside: it arranges the mounts and becomes the supervisor.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from .errors import LocalPlatformError
from .paths import PYTHON, SYSTEM_PATH
from .users import DISPATCH, User, write_databases

FIXED_FOLDERS = (
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/log/pods",
    "/var/log/containers",
    "/run/containerd",
)
"""Folders whose place is compiled into Kubernetes or containerd; inside they are the platform's own."""


class Enclosure:
    """The namespaces, seen from the host."""

    def __init__(self, run_folder: Path) -> None:
        self.volatile = run_folder / "volatile"
        """A tmpfs that exists inside only."""
        self._record = run_folder / "enclosure.pid"
        self._child: subprocess.Popen[bytes] | None = None

    def alive(self) -> bool:
        """Whether it is there."""
        return self._holder() is not None

    def start(
        self,
        configuration: Path,
        data: Path,
        folders: t.Sequence[str],
        visible: t.Sequence[Path],
        settings: t.Mapping[str, str],
        log: Path,
    ) -> None:
        """Make the namespaces and start the supervisor in them; returns when it was told to start.

        :param configuration: the supervisor's configuration.
        :param folders: folders of the host that are others inside, such as :data:`FIXED_FOLDERS`.
        :param data: folder that holds their contents.
        :param visible: folders that unprivileged users must reach, wherever they are.
        :param settings: files in /etc that have another content inside, by name.
        """
        self.volatile.mkdir(parents=True, exist_ok=True)
        plan = {
            "configuration": str(configuration),
            "data": str(data),
            "folders": list(folders),
            "visible": [str(path) for path in visible],
            "settings": dict(settings),
            "volatile": str(self.volatile),
        }
        command = [
            "unshare",
            "--mount",
            "--propagation",
            "slave",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]
        with log.open("ab") as output:
            holder = subprocess.Popen(
                [*command, PYTHON, "-m", f"{__package__}.enclosure", json.dumps(plan)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
                env={"PATH": SYSTEM_PATH, "PYTHONPATH": str(Path(__file__).parents[1]), "LC_ALL": "C.UTF-8"},
            )
        self._child = holder
        self._record.write_text(f"{holder.pid} {_start_time(holder.pid)}", encoding="ascii")

    def within(self, user: User, command: t.Sequence[str | Path]) -> list[str | Path]:
        """Return the command that runs another one inside, as one of the platform's users.

        :raises LocalPlatformError: when the platform does not run.
        """
        process = self._supervisor()
        if process is None:
            raise LocalPlatformError("The platform does not run")
        number = str(user.number)
        entry = ("nsenter", f"--target={process}", "--mount", "--pid", "--")
        become = ("setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "--")
        return [*entry, *become, *command]

    def end(self, seconds: float) -> None:
        """Wait until all processes inside have ended; kill what is left after the time."""
        deadline = time.monotonic() + seconds
        while (holder := self._holder()) is not None:
            if time.monotonic() > deadline:
                os.kill(holder, signal.SIGKILL)
                deadline += 10
            time.sleep(0.1)
        if self._child:
            self._child.wait()
        self._record.unlink(missing_ok=True)

    def _holder(self) -> int | None:
        """The process that waits for the supervisor; a recycled number is told apart by its start time."""
        try:
            number, started = map(int, self._record.read_text(encoding="ascii").split())
        except FileNotFoundError:
            return None
        return number if _start_time(number) == started else None

    def _supervisor(self) -> int | None:
        """The number that PID 1 of the inside has on the host."""
        holder = self._holder()
        if holder is None:
            return None
        children = Path(f"/proc/{holder}/task/{holder}/children").read_text(encoding="ascii").split()
        return int(children[0]) if children else None


def enter() -> None:
    """Arrange the mounts inside the new namespaces and become the supervisor."""
    plan = json.loads(sys.argv[1])
    data = Path(plan["data"])
    for folder in plan["folders"]:
        own = data / folder.strip("/").replace("/", "-")
        own.mkdir(parents=True, exist_ok=True)
        _mount("--bind", own, folder)
    _mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", plan["volatile"])
    DISPATCH.own(Path(plan["volatile"]) / "runs")
    _own_settings(plan["settings"], data / "etc")
    _open_ways([Path(path) for path in plan["visible"]], data / "view")
    supervisord = Path(sys.prefix) / "bin" / "supervisord"
    os.execv(supervisord, [str(supervisord), "-c", plan["configuration"]])  # noqa: S606 - that is the point


def _own_settings(settings: t.Mapping[str, str], folder: Path) -> None:
    """Lay the platform's users and files over /etc: what is written there inside never reaches the host."""
    upper, work = folder / "upper", folder / "work"
    upper.mkdir(parents=True, exist_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    write_databases(upper)
    for name, content in settings.items():
        (upper / name).write_text(content, encoding="utf-8")
    _mount("-t", "overlay", "-o", f"lowerdir=/etc,upperdir={upper},workdir={work}", "overlay", "/etc")


def _open_ways(visible: list[Path], staging: Path) -> None:
    """Let everybody inside reach these folders: a closed home above becomes one that holds only them."""
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


def _start_time(process: int) -> int | None:
    """When a process started, in the kernel's ticks; None when there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


if __name__ == "__main__":
    enter()
