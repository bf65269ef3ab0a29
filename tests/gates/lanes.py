# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Run targets of make in lanes side by side: lanes.py LANE LANE ..., each one or more targets in their order.

The first lane is told as it runs. The others have less priority, write to ``build/lanes``, and are told when
they end; once a minute a line says what runs. When a lane fails, the others get what Ctrl-C sends, and time
to take down what they started; with ``--keep-going`` all targets run. ``LOCAL_PLATFORM_BESIDE`` tells the
first which processes are not its own.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import dataclasses
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import typing as t

HEADING: t.Final = "=== "
IN_ORDER: t.Final = f'for target; do echo "{HEADING}$target"; make "$target" || exit; done'
ALL_IN_ORDER: t.Final = (
    f'failed=0; for target; do echo "{HEADING}$target"; '
    'make "$target" || { echo "$target FAILED"; failed=1; }; done; exit $failed'
)
LESS_PRIORITY: t.Final = 10
PR_SET_CHILD_SUBREAPER: t.Final = 36
ENDING: t.Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclasses.dataclass
class Lane:
    """Targets that run one after another in a session of their own.

    :param log: takes the output; none leaves it where that of this program goes.
    :param began: when it was started, in seconds of the monotonic clock.
    """

    targets: list[str]
    log: pathlib.Path | None
    process: subprocess.Popen[bytes]
    began: float

    def what_runs(self) -> str:
        """The target that runs, or ran last, and the minutes since the lane began."""
        headings = [line[len(HEADING) :] for line in self._lines() if line.startswith(HEADING)]
        minutes = (time.monotonic() - self.began) / 60
        return f"{(headings or self.targets[:1])[-1]} ({minutes:.0f} min)"

    def tell(self) -> None:
        """Show the log."""
        print(*self._lines(), sep="\n", flush=True)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the lane."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def _lines(self) -> list[str]:
        return [] if self.log is None else self.log.read_text(errors="replace").splitlines()


def start(
    targets: list[str], log: pathlib.Path | None, folder: pathlib.Path, beside: list[Lane], keep_going: bool
) -> Lane:
    """Start a lane.

    :param folder: where its tests put their files.
    :param beside: lanes that run already.
    :param keep_going: run the targets after one that failed, too.
    """
    environment = os.environ | {
        "PYTEST_DEBUG_TEMPROOT": str(folder),
        "LOCAL_PLATFORM_BESIDE": " ".join(str(lane.process.pid) for lane in beside),
    }
    with contextlib.ExitStack() as stack:
        output = None if log is None else stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            ["bash", "-c", ALL_IN_ORDER if keep_going else IN_ORDER, "lane", *targets],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,
            env=environment,
            preexec_fn=lambda: _prepare(0 if log is None else LESS_PRIORITY),
        )
    return Lane(targets, log, process, time.monotonic())


def _keep_descendants() -> None:
    """Let a descendant that loses its parent become a child of this process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prepare(nice: int) -> None:
    _keep_descendants()
    os.nice(nice)
    # Where the kernel weighs whole sessions, the niceness of their processes says nothing to others.
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/autogroup").write_text(str(nice), encoding="ascii")


def watch(lanes: list[Lane], every: float, received: list[int], keep_going: bool) -> int:
    """Wait for all lanes, the first that fails or a signal; return the status of this program.

    :param keep_going: wait for all lanes though one fails.
    """
    awaited, next_line, status = list(lanes), time.monotonic() + every, 0
    while awaited and not received:
        time.sleep(0.2)
        for lane in [lane for lane in awaited if lane.process.poll() is not None]:
            awaited.remove(lane)
            lane.tell()
            if lane.process.returncode != 0:
                say(f"{lane.what_runs()} FAILED")
                if not keep_going:
                    return 1
                status = 1
                continue
            say(f"{lane.what_runs()} passed, the last of its lane")
        if time.monotonic() >= next_line:
            next_line += every
            say("; ".join(lane.what_runs() for lane in awaited))
    return 128 + received[0] if received else status


def end(lanes: list[Lane], patience: float) -> None:
    """End the lanes that run, in order if they do it in time, and whatever is left of any."""
    running = [lane for lane in lanes if lane.process.poll() is None]
    for lane in running:
        say(f"ending {lane.what_runs()}")
        lane.signal(signal.SIGINT)
    deadline = time.monotonic() + patience
    for lane in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            lane.process.wait(max(0.1, deadline - time.monotonic()))
    for lane in lanes:
        lane.signal(signal.SIGKILL)
        lane.process.wait()
    # What was left of them, in whatever session, has become this process's.
    with contextlib.suppress(ChildProcessError):
        while True:
            for number in pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                os.kill(int(number), signal.SIGKILL)
            os.waitpid(-1, 0)


def say(line: str) -> None:
    """Print a line with the time."""
    print(f"[{time.strftime('%T')}] lanes: {line}", flush=True)


def run(
    specified: list[str], logs: pathlib.Path, every: float, patience: float, keep_going: bool = False
) -> int:
    """Run the lanes and return the status of this program."""
    _keep_descendants()
    received: list[int] = []
    for number in ENDING:
        signal.signal(number, lambda number, _: received.append(number))
    logs.mkdir(parents=True, exist_ok=True)
    lanes: list[Lane] = []
    with tempfile.TemporaryDirectory(prefix="lanes-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # servers that are not root's have files below
        try:
            for place, text in reversed(list(enumerate(specified))):
                targets = shlex.split(text)
                own = pathlib.Path(folder, str(place))
                own.mkdir()
                lanes.append(
                    start(targets, logs / f"{targets[0]}.log" if place else None, own, lanes, keep_going)
                )
            return watch(lanes, every, received, keep_going)
        finally:
            end(lanes, patience)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lanes", nargs="+", metavar="LANE", help="targets of make, separated by spaces")
    parser.add_argument("--logs", type=pathlib.Path, default=pathlib.Path("build/lanes"))
    parser.add_argument(
        "--every", type=float, default=60, help="seconds between the lines that say what runs"
    )
    parser.add_argument("--patience", type=float, default=300, help="seconds that a lane has to end in order")
    parser.add_argument("--keep-going", action="store_true", help="run all targets though one fails")
    options = parser.parse_args()
    return run(options.lanes, options.logs, options.every, options.patience, options.keep_going)


if __name__ == "__main__":
    sys.exit(main())
