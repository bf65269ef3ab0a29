# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The programs of the platform and the supervisor that keeps them running."""

from __future__ import annotations

import dataclasses
import http.client
import shlex
import time
import typing as t
import xmlrpc.client
from pathlib import Path

from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

from .errors import LocalPlatformError
from .paths import SYSTEM_PATH
from .progress import tail

BAD_NAME, ALREADY_STARTED, NOT_RUNNING = 10, 60, 70
"""Numbers of supervisor.xmlrpc.Faults."""


@dataclasses.dataclass(frozen=True)
class Program:
    """One supervised process."""

    name: str
    command: tuple[str | Path, ...]
    user: str = "root"
    environment: t.Mapping[str, str | Path] = dataclasses.field(default_factory=dict)
    directory: str | Path = "/"
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    """How long it may take to end before it is killed."""

    def section(self, log: Path) -> str:
        """Its section of the supervisor's configuration."""
        command = shlex.join(str(part) for part in self.command)
        variables = ",".join(f'{name}="{value}"' for name, value in sorted(self.environment.items()))
        lines = {
            "command": command.replace("%", "%%"),
            "user": self.user,
            "directory": str(self.directory),
            "environment": variables.replace("%", "%%"),
            "autostart": "false",
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "5",
            "stopsignal": self.stop_signal,
            "stopwaitsecs": str(self.stop_seconds),
            "redirect_stderr": "true",
            "stdout_logfile": str(log),
            "stdout_logfile_maxbytes": "20MB",
            "stdout_logfile_backups": "1",
        }
        return f"[program:{self.name}]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


def configuration(programs: t.Iterable[Program], socket: Path, logs: Path) -> str:
    """The supervisor's configuration for these programs."""
    head = f"""\
[supervisord]
nodaemon = true
user = root
logfile = {logs}/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 0
pidfile = {socket.parent}/supervisord.pid
childlogdir = {logs}
minfds = 1024
environment = PATH="{SYSTEM_PATH}"

[unix_http_server]
file = {socket}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{socket}
"""
    return "\n".join([head, *(program.section(logs / f"{program.name}.log") for program in programs)])


class Supervisor:
    """A running supervisor, reached by its socket."""

    def __init__(self, socket: Path, logs: Path) -> None:
        self._socket = socket
        self._logs = logs

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException):
            return False

    def states(self) -> dict[str, str]:
        """The state of each program: RUNNING, STOPPED, FATAL and so on."""
        return {info["name"]: info["statename"] for info in self._call("getAllProcessInfo")}

    def start(self, name: str) -> bool:
        """Start a program; False when it ran already.

        :raises LocalPlatformError: when it ends at once; the text shows its log.
        """
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as error:
            if error.faultCode == ALREADY_STARTED:
                return False
            raise self._failed(name, error.faultString) from error
        return True

    def stop(self, name: str) -> None:
        """End a program and wait until it has ended; one that does not run, or is not there, is at its end.

        :raises LocalPlatformError: when the supervisor refuses.
        """
        try:
            self._call("stopProcess", name, True)
        except xmlrpc.client.Fault as error:
            if error.faultCode not in (NOT_RUNNING, BAD_NAME):
                raise self._failed(name, error.faultString) from error

    def signal(self, name: str, signal: str) -> None:
        """Send a signal, such as KILL, to a program: its process id is another one outside the platform."""
        self._call("signalProcess", name, signal)

    def reload(self) -> set[str]:
        """Take over a changed configuration; programs that changed are stopped.

        :returns: names of programs that were changed or removed.
        """
        added, changed, removed = self._call("reloadConfig")[0]
        for name in [*changed, *removed]:
            self.stop(name)
            self._call("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._call("addProcessGroup", name)
        return {*changed, *removed}

    def wait(self, name: str, ready: t.Callable[[], bool], seconds: float = 60) -> None:
        """Wait until a program is ready.

        :param ready: asks the program; it must not raise for "not yet".
        :raises LocalPlatformError: when it has given up or the time is over; the text shows its log.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self.states()[name] == "FATAL":
                raise self._failed(name, "it ended again and again")
            if time.monotonic() > deadline:
                raise self._failed(name, f"not ready after {seconds:.0f} s")
            time.sleep(0.2)

    def shutdown(self) -> None:
        """Ask it to end all programs and itself; returns at once."""
        self._call("shutdown")

    def _call(self, method: str, *arguments: t.Any) -> t.Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://localhost", transport) as api:
            return getattr(api.supervisor, method)(*arguments)

    def _failed(self, name: str, why: str) -> LocalPlatformError:
        log = self._logs / f"{name}.log"
        return LocalPlatformError(f"{name} did not start: {why}. Read {log}:\n{tail(log)}")
