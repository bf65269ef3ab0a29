# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a running platform: kill them, pause them, start them with other settings."""

from __future__ import annotations

import configparser
import contextlib
import ctypes
import errno
import os
import pathlib
import select
import shutil
import signal
import tempfile
import time
import typing as t
import xmlrpc.client
from collections.abc import Iterator

import yaml
from supervisor.xmlrpc import SupervisorTransport

from tests.e2e.live import Live, NotSeenError, eventually

ROLES: t.Final = ("listener-watch", "listener-dispatch", "listener-send", "listener-api")
DISPATCH: t.Final = "listener-dispatch"
SECOND: t.Final = "listener-dispatch-2"
LAST_WORDS_SECONDS: t.Final = 300
PIDFD_GETFD: t.Final = 438
"""The number of the system call, the same on all architectures (Linux 5.6)."""


class Machine:
    """Drives the supervisor of the platform and signals its processes by their numbers on this host."""

    def __init__(self, live: Live) -> None:
        self._configuration = pathlib.Path(live.facts["supervisor_conf"])
        self._socket = self._parsed()["unix_http_server"]["file"]
        self._enclosure = self._configuration.parent / "enclosure.pid"

    def kill(self, *programs: str) -> None:
        """End programs with SIGKILL; the supervisor starts them again."""
        for program in programs:
            with contextlib.suppress(xmlrpc.client.Fault):  # between two starts there is none to kill
                self._call("signalProcess", program, "KILL")

    def stop(self, *programs: str) -> None:
        """Stop programs and wait for their end."""
        for program in programs:
            if self.state(program) == "RUNNING":
                self._call("stopProcess", program, True)

    def start(self, *programs: str) -> None:
        """Start programs that do not run, and see them run."""
        for program in programs:
            if self.state(program) not in ("RUNNING", "STARTING"):
                self._call("startProcess", program, False)
        self.await_running(*programs)

    def await_running(self, *programs: str) -> None:
        """Wait until the supervisor calls the programs running."""
        for program in programs:
            eventually(lambda program=program: self.state(program) == "RUNNING", f"{program} runs", 120)

    def state(self, program: str) -> str:
        """RUNNING, STARTING, BACKOFF, STOPPED, EXITED or FATAL."""
        return str(self._call("getProcessInfo", program)["statename"])

    @contextlib.contextmanager
    def away(self, program: str) -> Iterator[None]:
        """A program that neither answers nor refuses for a while."""
        with _paused(lambda: [self.number(program)]):
            yield

    @contextlib.contextmanager
    def asleep(self, program: str) -> Iterator[t.Callable[[], None]]:
        """A program stopped in its tracks, with all that it started; they go on at the end.

        Yields what wakes all but the program itself, and returns when all that has ended.
        """
        first = self.number(program)
        with _paused(lambda: [first, *descendants(first)]):
            yield lambda: _let_end(first)

    @contextlib.contextmanager
    def runs_asleep(self, program: str) -> Iterator[None]:
        """What a program started is stopped in its tracks; the program itself goes on."""
        first = self.number(program)
        with _paused(lambda: descendants(first)):
            yield

    @property
    def root(self) -> pathlib.Path:
        """The file system as the platform's processes see it."""
        holder = self._enclosure.read_text().split()[0]
        first = pathlib.Path(f"/proc/{holder}/task/{holder}/children").read_text().split()[0]
        return pathlib.Path("/proc", first, "root")

    def number(self, program: str) -> int:
        """The process number that a program has on this host."""
        inside = int(self._call("getProcessInfo", program)["pid"])
        for number in processes():
            names = _status(number, "NSpid").split()
            if names[-1:] == [str(inside)] and _namespace(number) == self._namespace():
                return number
        raise ProcessLookupError(f"{program} does not run")

    @contextlib.contextmanager
    def settings(self, program: str, **environment: object) -> Iterator[None]:
        """Run a program with other settings, and as it was afterwards.

        :param environment: variables without their prefix ``PLATFORM_``.
        """
        with self._configured(lambda parsed: _set(parsed, program, environment), program):
            yield

    @contextlib.contextmanager
    def second_dispatcher(self, **environment: object) -> Iterator[None]:
        """A second worker beside the first, of the same settings but for the given ones; not yet started."""

        def add(parsed: configparser.RawConfigParser) -> None:
            section = f"program:{SECOND}"
            parsed[section] = dict(parsed[f"program:{DISPATCH}"])
            log = pathlib.Path(parsed[section]["stdout_logfile"])
            parsed[section]["stdout_logfile"] = str(log.with_name(f"{SECOND}.log"))
            _set(parsed, SECOND, environment)

        with self._configured(add):
            yield

    @contextlib.contextmanager
    def _configured(
        self, change: t.Callable[[configparser.RawConfigParser], None], *restart: str
    ) -> Iterator[None]:
        before = self._configuration.read_text()
        parsed = self._parsed()
        change(parsed)
        with self._configuration.open("w") as file:
            parsed.write(file)
        try:
            self._reload()
            self.start(*restart)
            yield
        finally:
            self._configuration.write_text(before)
            self._reload()
            self.start(*restart)

    def _reload(self) -> None:
        added, changed, removed = self._call("reloadConfig")[0]
        for program in [*changed, *removed]:
            if self.state(program) not in ("STOPPED", "EXITED", "FATAL"):
                self._call("stopProcess", program, True)
            self._call("removeProcessGroup", program)
        for program in [*added, *changed]:
            self._call("addProcessGroup", program)

    def _parsed(self) -> configparser.RawConfigParser:
        parsed = configparser.RawConfigParser()
        parsed.optionxform = str  # type: ignore[assignment,method-assign]
        parsed.read(self._configuration)
        return parsed

    def _namespace(self) -> str:
        holder = self._enclosure.read_text().split()[0]
        return os.readlink(f"/proc/{holder}/ns/pid_for_children")

    def _call(self, method: str, *arguments: t.Any) -> t.Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://localhost", transport) as api:
            return getattr(api.supervisor, method)(*arguments)


@contextlib.contextmanager
def changed_variables(live: Live, **changes: object) -> Iterator[pathlib.Path]:
    """A file for the setting ``vars_file``: the variables of the platform's runs but for the given ones."""
    own = pathlib.Path(live.facts["inventory"]).with_name("vars.yml")
    with tempfile.NamedTemporaryFile("w", dir=own.parent, prefix="vars-", suffix=".yml") as file:
        yaml.safe_dump(yaml.safe_load(own.read_text()) | changes, file)
        file.flush()
        shutil.copymode(own, file.name)
        yield pathlib.Path(file.name)


@contextlib.contextmanager
def _paused(find: t.Callable[[], list[int]]) -> Iterator[None]:
    """Stop the processes that *find* finds, and those that they start before they are stopped themselves."""
    stopped: list[int] = []
    try:
        while new := [number for number in find() if number not in stopped]:
            for number in new:
                stopped.append(number)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGSTOP)
        yield
    finally:
        _wake(stopped[::-1])


def _wake(numbers: list[int]) -> None:
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGCONT)


def _let_end(program: int) -> None:
    """Wake what a sleeping program started, and read its terminals in the program's place until it ends."""
    with contextlib.ExitStack() as stack:
        holder = os.pidfd_open(program)
        stack.callback(os.close, holder)
        terminals = [_copy(holder, number) for number in _terminals(program)]
        for terminal in terminals:
            stack.callback(os.close, terminal)
        _wake(descendants(program))
        end = time.monotonic() + LAST_WORDS_SECONDS
        while terminals:
            ready, _, _ = select.select(terminals, [], [], max(0, end - time.monotonic()))
            if not ready:
                raise NotSeenError(f"{len(terminals)} woken runs did not end in {LAST_WORDS_SECONDS} s")
            terminals = [terminal for terminal in terminals if terminal not in ready or _speaks(terminal)]


def _terminals(program: int) -> list[int]:
    """The descriptors by which a program hears what runs on terminals that it made."""
    links = {int(link.name): os.readlink(link) for link in pathlib.Path(f"/proc/{program}/fd").iterdir()}
    return [number for number, target in links.items() if target.endswith("ptmx")]


def _copy(holder: int, number: int) -> int:
    """Another process's descriptor as one of this; Python has no name for the call."""
    copy = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, holder, number, 0)
    if copy < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return int(copy)


def _speaks(terminal: int) -> bool:
    """Read on; False when nobody is left on the other side."""
    try:
        return bool(os.read(terminal, 65536))
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return False


def processes() -> list[int]:
    """Numbers of all processes."""
    return [int(folder.name) for folder in pathlib.Path("/proc").glob("[0-9]*")]


def descendants(number: int) -> list[int]:
    """All that a process started and that still runs, parents first."""
    children: dict[int, list[int]] = {}
    for process in processes():
        parent = _status(process, "PPid")
        if parent:
            children.setdefault(int(parent), []).append(process)
    found, queue = [], list(children.get(number, []))
    while queue:
        found.append(queue.pop(0))
        queue += children.get(found[-1], [])
    return found


def arguments(number: int) -> list[str]:
    """The arguments of a process, its program first; empty when it has ended."""
    try:
        line = pathlib.Path(f"/proc/{number}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return line.decode(errors="replace").rstrip("\0").split("\0")


def _set(parsed: configparser.RawConfigParser, program: str, environment: t.Mapping[str, object]) -> None:
    section = parsed[f"program:{program}"]
    added = ",".join(f'PLATFORM_{name.upper()}="{value}"' for name, value in environment.items())
    section["environment"] = f"{section['environment']},{added}" if added else section["environment"]


def _status(number: int, name: str) -> str:
    try:
        for line in pathlib.Path(f"/proc/{number}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return line.partition(":")[2].strip()
    except (FileNotFoundError, ProcessLookupError):
        pass
    return ""


def _namespace(number: int) -> str:
    try:
        return os.readlink(f"/proc/{number}/ns/pid")
    except OSError:
        return ""
