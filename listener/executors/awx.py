# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs by AWX: one job of a job template for each command, followed by its events over the REST API."""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import urllib3
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import START, STOP
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

from listener.logs import get_logger
from listener.settings import read_secret

from .interface import ROLLBACK, Leftover, Work
from .reports import Outcome, Report, Translator
from .workspace import Workspace

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from listener.settings import DispatchSettings

log = get_logger(__name__)

POLL_SECONDS: t.Final = 1.0
REQUEST_SECONDS: t.Final = 10.0
ENDED: t.Final = ("successful", "failed", "error", "canceled")
COMMAND_VARIABLE: t.Final = "platform_command_json"
"""The command goes as one text: AWX marks each text as unsafe, and Ansible then takes 0x12 for a number.

The job template has the variable ``platform_command: "{{ platform_command_json | from_json }}"``.
"""
_JOB: t.Final = "awx-job"
_EVENTS: t.Final = "runner_on_ok,runner_on_failed,runner_on_unreachable,playbook_on_play_start"
_Item = tuple[Work, Report] | None


class Awx:
    """AWX's REST API; every method raises PlatformError ``undecided`` when it is away or refuses."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=REQUEST_SECONDS),
            retries=False,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )

    def get(self, path: str, **query: str | int) -> dict[str, t.Any]:
        """Return what is at *path*."""
        return self._send("GET", path, None, dict(query))

    def post(self, path: str, body: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the answer to *body*."""
        return self._send("POST", path, body, {})

    def _send(
        self, method: str, path: str, body: dict[str, t.Any] | None, query: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        from urllib.parse import urlencode

        url = f"{self._url}/api/v2/{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = self._pool.request(method, url, body=json.dumps(body) if body is not None else None)
            answer = json.loads(response.data) if response.data else {}
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise PlatformError("undecided", f"AWX does not answer: {type(error).__name__}") from None
        if response.status >= 400 or not isinstance(answer, dict):
            raise PlatformError("undecided", f"AWX answers {response.status} to {method} {path}")
        return answer

    def ensure_host(self, inventory: int, work: Work) -> None:
        """Let the inventory know the client: a new client has no file in Git yet."""
        path = f"inventories/{inventory}/hosts/"
        if not self.get(path, name=work.host).get("count"):
            self.post(path, {"name": work.host, "variables": json.dumps({"platform_client": work.client})})

    def launch(self, template: int, work: Work) -> int:
        """Launch the command's job and return its number.

        A template that does not ask for limit or variables would run on other clients, or without the
        command: such a job is cancelled at once.
        """
        variables = {"platform_client": work.client, COMMAND_VARIABLE: json.dumps(work.variables)}
        body = {"limit": work.host, "extra_vars": json.dumps(variables)}
        answer = self.post(f"job_templates/{template}/launch/", body)
        number = int(answer.get("job") or answer.get("id") or 0)
        if answer.get("ignored_fields") or answer.get("limit", work.host) != work.host:
            self.cancel(number)
            raise PlatformError(
                "undecided", f"The job template {template} does not ask for limit and variables"
            )
        return number

    def cancel(self, number: int) -> None:
        """Ask for the end of a job."""
        with contextlib.suppress(PlatformError):
            self.post(f"jobs/{number}/cancel/", {})

    def events(self, number: int, after: int) -> list[dict[str, t.Any]]:
        """Return the job's events above the counter *after*, in their order."""
        found = self.get(
            f"jobs/{number}/job_events/",
            order_by="counter",
            counter__gt=after,
            event__in=_EVENTS,
            page_size=200,
        )
        return [event for event in found.get("results", []) if isinstance(event, dict)]


class AwxExecutor:
    """Runs commands as AWX jobs.

    :raises OSError: the worker's folder cannot be made.
    :raises ValueError: the token's file cannot be read.
    """

    def __init__(self, settings: DispatchSettings, owner: str) -> None:
        if settings.awx_token_file is None:
            raise ValueError("The executor awx needs a token file")
        self._settings = settings
        self._templates = {
            START: settings.awx_start_template,
            STOP: settings.awx_stop_template,
            ROLLBACK: settings.awx_rollback_template,
        }
        self._awx = Awx(settings.awx_url, read_secret(settings.awx_token_file))
        self._workspace = Workspace(settings.run_directory, owner)
        self._numbers = itertools.count(1)

    def start(self, works: Sequence[Work]) -> AwxJob:
        """Launch the jobs of *works*; see :class:`~listener.executors.interface.Executor`."""
        stack = contextlib.ExitStack()
        folder = stack.enter_context(self._workspace.job(next(self._numbers), works))
        jobs: dict[int, Work] = {}
        try:
            for work in works:
                self._awx.ensure_host(self._settings.awx_inventory, work)
                number = self._awx.launch(self._templates[work.operation], work)
                jobs[number] = work
                (folder / f"{_JOB}-{number}").write_text(work.id, encoding="ascii")
        except BaseException:
            for number in jobs:
                self._awx.cancel(number)
            stack.close()
            raise
        return AwxJob(self._awx, jobs, self._settings.run_timeout, stack)

    def leftovers(self) -> Iterator[Leftover]:
        """Yield what dead workers left; their jobs that still run are cancelled."""
        for owner, folder, works in self._workspace.abandoned():
            told = self._told(folder, works)
            for work in works:
                yield Leftover(owner, work.id, work.attempt, told.get(work.id))

    def _told(self, folder: Path, works: Sequence[Work]) -> dict[str, Outcome]:
        translator = Translator(works)
        found: dict[str, Outcome] = {}
        for path in sorted(folder.glob(f"{_JOB}-*")):
            number = int(path.name.rpartition("-")[2])
            self._awx.cancel(number)
            with contextlib.suppress(PlatformError):
                for event in self._awx.events(number, 0):
                    for work, report in translator.read(event):
                        if isinstance(report, Outcome):
                            found[work.id] = report
        return found

    def close(self) -> None:
        """Remove the worker's folder."""
        self._workspace.close()


class AwxJob:
    """The AWX jobs of one run."""

    def __init__(
        self, awx: Awx, jobs: dict[int, Work], run_timeout: float, cleanup: contextlib.ExitStack
    ) -> None:
        self.works = tuple(jobs.values())
        self._awx = awx
        self._jobs = jobs
        self._deadline = time.monotonic() + run_timeout
        self._cleanup = cleanup
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._cancelled = threading.Event()

    def reports(self) -> Iterator[tuple[Work, Report]]:
        """Yield what the jobs say; see :class:`~listener.executors.interface.Job`."""
        with self._cleanup, ThreadPoolExecutor(len(self._jobs)) as pool:
            for number, work in self._jobs.items():
                pool.submit(self._follow, number, work)
            for _ in self._jobs:
                while (item := self._items.get()) is not None:
                    yield item

    def cancel(self) -> None:
        """Cancel the jobs; see :class:`~listener.executors.interface.Job`."""
        self._cancelled.set()

    def _follow(self, number: int, work: Work) -> None:
        translator, seen, status = Translator([work]), 0, ""
        try:
            while status not in ENDED and not self._cancelled.is_set() and time.monotonic() < self._deadline:
                try:
                    status = str(self._awx.get(f"jobs/{number}/").get("status"))
                    seen = self._read(number, translator, seen)
                except PlatformError as error:
                    log.warning("awx_away", job=number, error=error.message)
                self._cancelled.wait(0 if status in ENDED else POLL_SECONDS)
            if status not in ENDED:
                self._awx.cancel(number)
        except Exception as error:
            log.exception("awx_job_broke", job=number, error=type(error).__name__)
        finally:
            log.info("awx_job_ended", command_id=work.id, job=number, status=status)
            self._items.put(None)

    def _read(self, number: int, translator: Translator, seen: int) -> int:
        """Pass on the events after *seen*; return the counter of the last."""
        while events := self._awx.events(number, seen):
            for event in events:
                for item in translator.read(event):
                    self._items.put(item)
                seen = max(seen, int(event.get("counter") or 0))
        return seen


__all__ = ("Awx", "AwxExecutor", "AwxJob")
