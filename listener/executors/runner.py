# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs by ansible-runner: the kernel ends a run with the dispatcher, by its bubblewrap or its container."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import json
import queue
import threading
import typing as t
from collections import deque

import ansible_runner

from listener.logs import get_logger

from . import container
from .interface import PLAYBOOKS, Leftover, Work
from .inventory import write_inventory
from .reports import MAX_TEXT, Outcome, Report, Translator
from .sandbox import RUNNERS_OWN, environment, isolation, read_variables
from .workspace import Workspace

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from listener.settings import DispatchSettings

log = get_logger(__name__)

CANCEL_SECONDS: t.Final = 0.25
"""How often a run looks whether it was cancelled or is past its time."""
_IDENT: t.Final = "run"
# Ansible's own 1 ms takes 7 % of a core from each run that waits for a bot; it can be set in a file only.
_CONFIGURATION: t.Final = "[defaults]\ninternal_poll_interval = 0.01\n"
_LIBRARY: t.Final[t.Any] = ansible_runner  # it has no types
_Item = tuple[Work, Report] | None


class RunnerExecutor:
    """Runs playbooks on this host.

    :raises OSError: the worker's folder cannot be made.
    :raises ValueError: the file of variables is no mapping, or no container ends with this process.
    """

    def __init__(self, settings: DispatchSettings, owner: str) -> None:
        self._settings = settings
        read_variables(settings.vars_file)
        if settings.isolation == "container":
            container.require()
        self._workspace = Workspace(settings.run_directory, owner)
        self._numbers = itertools.count(1)

    def start(self, works: Sequence[Work]) -> RunnerJob:
        """Start a run; see :class:`~listener.executors.interface.Executor`."""
        stack = contextlib.ExitStack()
        try:
            folder = stack.enter_context(self._workspace.job(next(self._numbers), works))
            config = self._configure(folder, works)
        except ValueError as error:
            stack.close()
            raise OSError(str(error)) from error
        except BaseException:
            stack.close()
            raise
        home = config.env["HOME"] if self._settings.isolation == "container" else None
        return RunnerJob(works, config, stack, home)

    def _configure(self, folder: Path, works: Sequence[Work]) -> t.Any:
        variables = read_variables(self._settings.vars_file)
        cache = self._workspace.cache
        for name in ("env", "home", "isolation", "project", "tmp"):
            (folder / name).mkdir(mode=0o700)
        (folder / "ansible.cfg").write_text(_CONFIGURATION, encoding="ascii")
        # ansible-runner forgets settings that it is given as an argument.
        options = {"pexpect_timeout": CANCEL_SECONDS, "suppress_ansible_output": True}
        (folder / "env" / "settings").write_text(json.dumps(options), encoding="ascii")
        pinned = environment(self._settings, folder, cache)
        config = _LIBRARY.RunnerConfig(
            private_data_dir=str(folder),
            ident=_IDENT,
            playbook=PLAYBOOKS[works[0].operation],
            inventory=str(write_inventory(folder, works, variables)),
            limit=",".join(work.host for work in works),
            forks=len(works),
            timeout=self._settings.run_timeout,
            fact_cache_type="memory",
            envvars=pinned,
            **isolation(self._settings, variables, folder, cache),
        )
        config.prepare()
        config.env = {
            name: value for name, value in config.env.items() if name in pinned or name in RUNNERS_OWN
        }
        return config

    def leftovers(self) -> Iterator[Leftover]:
        """Yield what dead workers left; see :class:`~listener.executors.interface.Executor`."""
        for owner, folder, works in self._workspace.abandoned():
            outcomes = _stored_outcomes(folder, works)
            for work in works:
                yield Leftover(owner, work.id, work.attempt, outcomes.get(work.id))

    def close(self) -> None:
        """Remove the worker's folder."""
        self._workspace.close()


class RunnerJob:
    """One run of ansible-playbook, in a thread of its own.

    :param home: home of the processes that have to be ended with the run; None where the kernel ends them.
    """

    def __init__(
        self, works: Sequence[Work], config: t.Any, cleanup: contextlib.ExitStack, home: str | None
    ) -> None:
        self.works = tuple(works)
        self._cleanup = cleanup
        self._home = home
        self._translator = Translator(works)
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._told = False
        self._words: deque[str] = deque(maxlen=3)
        self._runner = _LIBRARY.Runner(
            config, event_handler=self._take, cancel_callback=self._cancelled.is_set, remove_partials=True
        )
        # The run ends with this thread, so the thread must not wait for anything but the run.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="run", daemon=True)
        self._thread.start()

    def reports(self) -> Iterator[tuple[Work, Report]]:
        """Yield what the run says; see :class:`~listener.executors.interface.Job`."""
        # The folder stays until the last report is dealt with: a successor finds the outcomes in it.
        with self._cleanup:
            while (item := self._items.get()) is not None:
                yield item
            self._thread.join()

    def cancel(self) -> None:
        """End the run; see :class:`~listener.executors.interface.Job`."""
        self._cancelled.set()

    def _run(self) -> None:
        status, code = "unknown", None
        try:
            status, code = self._runner.run()
        except Exception as error:
            log.exception("run_broke", error=type(error).__name__)
        finally:
            level, words = (log.info, []) if self._told else (log.warning, list(self._words))
            level("run_ended", status=status, code=code, last_words=words)
            self._end_processes()
            self._items.put(None)

    def _end_processes(self) -> None:
        """End what an ended ansible-playbook leaves: its workers have sessions of their own."""
        if self._home is None:
            return
        try:
            if left := container.end_processes(self._home):
                log.warning("run_left_processes", number=left)
        except OSError as error:
            log.error("run_goes_on", error=str(error))

    def _take(self, event: dict[str, t.Any]) -> bool:
        # An exception in here would end the run.
        try:
            self._words.append(str(event.get("stdout", ""))[:MAX_TEXT])
            for item in self._translator.read(event):
                self._told = True
                self._items.put(item)
        except Exception as error:
            log.exception("event_not_read", error=type(error).__name__)
        return True


def _stored_outcomes(folder: Path, works: Sequence[Work]) -> dict[str, Outcome]:
    """Return by command the outcomes that the stored events of a run tell."""
    translator = Translator(works)
    found: dict[str, Outcome] = {}
    events = folder / "artifacts" / _IDENT / "job_events"
    # Events that ansible-runner had not read yet are there as well, named "partial".
    for path in sorted(events.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
        try:
            event = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        for work, report in translator.read(event) if isinstance(event, dict) else ():
            if isinstance(report, Outcome):
                found[work.id] = report
    return found


__all__ = ("RunnerExecutor", "RunnerJob")
