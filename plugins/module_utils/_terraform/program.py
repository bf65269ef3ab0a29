# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The ``terraform`` program: what it is run with, and what it says while it runs."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

Json = dict[str, t.Any]
Listen = t.Callable[[Json], None]
"""Takes one event of Terraform's machine-readable output."""

_POLL_SECONDS: t.Final = 0.1
_DROPPED: t.Final = ("TF_CLI_ARGS", "TF_WORKSPACE", "TF_LOG", "TF_DATA_DIR", "TF_IN_AUTOMATION", "TF_INPUT")
"""Beginnings of the variables by which a user's shell would change what a run does."""
_STOPPING: t.Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terraform:
    """The program on one configuration.

    :param program: name on PATH, or path.
    :param directory: the configuration.
    :param data: where Terraform keeps providers and what it knows of the backend.
    :param run: private directory for what this run alone needs.
    :param keep_open: file descriptor that Terraform inherits, so that a lock on it lasts as long as its work.
    """

    def __init__(
        self, program: str, directory: pathlib.Path, data: pathlib.Path, run: pathlib.Path, keep_open: int
    ) -> None:
        self._program = program
        self._directory = directory
        self._run = run
        self._keep_open = keep_open
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)},
            "TF_DATA_DIR": str(data),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def stream(self, *arguments: str, listen: Listen) -> int:
        """Run to the end, hand each event to ``listen`` as it comes, and return the exit code.

        Terraform writes to files: it finishes and saves its state even when this process is killed. A signal
        that asks this process to end reaches it as one request to stop after what it is doing now.

        :raises PlatformError: ``interrupted`` after such a signal, ``library_missing`` without the program.
        """
        output, errors = self._run / "events", self._run / "errors"
        for file in (output, errors):
            file.touch(0o600)
        with output.open("wb") as written, errors.open("wb") as complaints:
            process = self._start(arguments, written, complaints)
            with _passing_on_signals(process) as interruption, output.open("rb") as events:
                for line in _lines(events, process):
                    event = _event(line)
                    if event is not None:
                        listen(event)
        if interruption:
            raise PlatformError(
                "interrupted",
                f"The run was asked to end during terraform {arguments[0]}; what was done is in the state",
            )
        return process.returncode

    def complaint(self) -> str:
        """The end of what the last :meth:`stream` wrote to standard error."""
        return (self._run / "errors").read_text("utf-8", "replace").strip()[-500:]

    def read(self, *arguments: str) -> Json:
        """Return the JSON that Terraform prints; raise ``terraform_failed`` when it does not."""
        process = self._start(arguments, subprocess.PIPE, subprocess.PIPE)
        printed, errors = process.communicate()
        try:
            answer: Json = json.loads(printed)
        except ValueError:
            said = errors.decode("utf-8", "replace").strip()[:500]
            raise PlatformError(
                "terraform_failed", f"terraform {arguments[0]} says no JSON: {said}"
            ) from None
        return answer

    def _start(
        self, arguments: t.Sequence[str], output: t.IO[bytes] | int, errors: t.IO[bytes] | int
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [self._program, *arguments],
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                pass_fds=(self._keep_open,),
                umask=0o077,
                start_new_session=True,  # a second signal, from the terminal, would make it drop everything
            )
        except OSError as error:
            raise PlatformError(
                "library_missing", f"Cannot run {self._program}: {error.strerror}. Terraform is needed"
            ) from None


@contextlib.contextmanager
def _passing_on_signals(process: subprocess.Popen[bytes]) -> t.Iterator[list[int]]:
    """Turn the first signal into one request to stop; yield the list of those that came."""
    came: list[int] = []

    def pass_on(number: int, frame: t.Any) -> None:
        came.append(number)
        if len(came) == 1 and process.poll() is None:
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in _STOPPING}
    try:
        yield came
    finally:
        process.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _lines(stream: t.IO[bytes], process: subprocess.Popen[bytes]) -> t.Iterator[bytes]:
    """Yield whole lines until the process has ended and everything is read."""
    rest = b""
    while True:
        ended = process.poll() is not None
        text = rest + stream.read()
        *lines, rest = text.split(b"\n")
        yield from lines
        if ended:
            return
        if not lines:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_SECONDS)


def _event(line: bytes) -> Json | None:
    """Parse one line; None for text between the events, of which ``init`` prints some."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


__all__ = ("Json", "Listen", "Terraform")
