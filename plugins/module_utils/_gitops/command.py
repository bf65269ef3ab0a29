# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Run ``git`` with a closed environment, a deadline and messages without credentials."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shlex
import signal
import subprocess
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")


class GitFailed(Exception):
    """A ``git`` process that ended with an error or ran past its deadline."""

    def __init__(self, stderr: str, stdout: str = "", returncode: int = -1) -> None:
        super().__init__(stderr)
        self.stderr = stderr
        self.stdout = stdout
        self.returncode = returncode


@dataclasses.dataclass(frozen=True)
class Deadline:
    """A point of the monotonic clock, in seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at - time.monotonic())


@dataclasses.dataclass(frozen=True)
class Access:
    """How the remote is reached; secrets stay with ssh and with git's own credential helpers."""

    ssh_key_file: str | None = None
    credential_helper: str | None = None

    def environment(self) -> dict[str, str]:
        """Build the environment of every ``git`` process: no prompt, no user's configuration, no hooks."""
        settings = {"core.hooksPath": os.devnull, "protocol.version": "2"}
        if self.credential_helper:
            settings["credential.helper"] = self.credential_helper
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GIT_") or name == "GIT_SSL_CAINFO"
        }
        return {
            **inherited,
            **_as_configuration(settings),
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
            "GIT_SSH_COMMAND": self._ssh_command(),
        }

    def _ssh_command(self) -> str:
        command = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
        if self.ssh_key_file:
            command += ["-i", self.ssh_key_file, "-o", "IdentitiesOnly=yes"]
        return shlex.join(command)


def _as_configuration(settings: t.Mapping[str, str]) -> dict[str, str]:
    environment = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{index}"] = key
        environment[f"GIT_CONFIG_VALUE_{index}"] = value
    return environment


class Git:
    """The ``git`` binary on one bare repository.

    ``keep_open`` is a file descriptor the children inherit: a lock on it then outlives a killed
    parent for as long as one of its children still writes.
    """

    def __init__(
        self, directory: str, environment: t.Mapping[str, str], keep_open: int | None = None
    ) -> None:
        self.directory = directory
        self._environment = environment
        self._pass_fds = () if keep_open is None else (keep_open,)

    def run(self, *arguments: str, deadline: Deadline, stdin: bytes = b"") -> str:
        """Return what ``git`` printed, as text; raise :class:`GitFailed` as :meth:`read` does."""
        return self.read(*arguments, deadline=deadline, stdin=stdin).decode("utf-8", "replace")

    def read(self, *arguments: str, deadline: Deadline, stdin: bytes = b"") -> bytes:
        """Return what ``git`` printed; raise :class:`GitFailed` for any other end than success."""
        process = self.start(*arguments)
        try:
            stdout, stderr = process.communicate(stdin, timeout=deadline.remaining)
        except subprocess.TimeoutExpired:
            stop(process)
            raise GitFailed(f"git {arguments[0]} ran out of time") from None
        except BaseException:
            stop(process)
            raise
        if process.returncode != 0:
            printed = (stderr.decode("utf-8", "replace"), stdout.decode("utf-8", "replace"))
            raise GitFailed(redact(printed[0]), redact(printed[1]), process.returncode)
        return stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``git`` with pipes, in a process group of its own."""
        try:
            return subprocess.Popen(
                ["git", f"--git-dir={self.directory}", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                pass_fds=self._pass_fds,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise PlatformError("library_missing", "The program git is not installed") from None


def stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the process with its children and reap it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with process:  # closes the pipes, also one that input still waits for
        pass


def redact(text: str) -> str:
    """Remove the user part of every URL and keep the first lines, where git says why."""
    lines = [line.strip() for line in _USERINFO.sub("", text).splitlines() if line.strip()]
    return "; ".join(lines[:3])[:400]


__all__ = ("Access", "Deadline", "Git", "GitFailed", "redact", "stop")
