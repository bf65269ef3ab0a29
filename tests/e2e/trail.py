# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command leaves behind: rows, commits, verdicts and objects, counted."""

from __future__ import annotations

import collections
import contextlib
import subprocess
import typing as t
from collections.abc import Iterator

import psycopg2
from kubernetes.client import ApiException

from tests.e2e.live import ROOT, Live, NotSeenError, Sent, eventually, host

SUPERUSER: t.Final = ROOT / "build" / "local" / "secrets" / "postgres-password"
LOST: t.Final = (psycopg2.OperationalError, psycopg2.InterfaceError)
"""What a session says whose server is gone."""
STAGES: t.Final = (
    "mined",
    "seen",
    "admitted",
    "claimed",
    "committed",
    "synced",
    "healthy",
    "decided",
    "broadcast",
)
"""What a start passes through, in this order."""
_COMMITS: t.Final = (
    "%(trailers:key=Platform-Command,valueonly,separator=)%x09"
    "%(trailers:key=Platform-Attempt,valueonly,separator=)%x09"
    "%(trailers:key=Platform-Transition,valueonly,separator=)"
)


class Trail:
    """Reads what commands left on a running platform."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._sessions: dict[str, t.Any] = {}

    def select(self, statement: str, *parameters: object) -> list[tuple[t.Any, ...]]:
        """Rows of the listener's database."""
        return self._select(self._live.facts["platform_database"]["name"], statement, parameters)

    def row(self, command: str) -> dict[str, t.Any]:
        """State, attempt, timings and lease owner of a command; empty before the listener knows it."""
        names = ("state", "attempt", "timings", "lease_owner", "reason")
        rows = self.select(f"SELECT {', '.join(names)} FROM commands WHERE id = %s", command)
        return dict(zip(names, rows[0], strict=True)) if rows else {}

    def reached(self, command: str, stage: str) -> bool:
        """Whether a command has come to a stage of :data:`STAGES`; no while the database is away."""
        if stage == "mined":
            return True
        wanted = "SELECT 1 FROM transactions WHERE command_id = %s AND state <> 'prepared'"
        with contextlib.suppress(psycopg2.OperationalError):
            if stage == "broadcast":
                return bool(self.select(wanted, command))
            return stage in self.row(command).get("timings", {})
        return False

    def await_stage(self, command: str, stage: str, seconds: float = 180) -> None:
        """Wait, looking often, until a command has come to a stage."""
        eventually(lambda: self.reached(command, stage), f"stage {stage} of command {command}", seconds, 0.02)

    def commits(self, command: str) -> collections.Counter[tuple[int, str]]:
        """How many commits each (attempt, transition) of a command has."""
        return collections.Counter(self._steps(command))

    def _steps(self, command: str) -> list[tuple[int, str]]:
        """(attempt, transition) of a command's commits, the newest first."""
        lines = self._git("log", "--format=" + _COMMITS, "main").splitlines()
        trailers = [line.split("\t") for line in lines]
        return [(int(attempt), transition) for found, attempt, transition in trailers if found == command]

    def last_commit(self, client: int) -> str:
        """The newest commit of the client's file; empty when it has none."""
        return self._git("log", "-1", "--format=%H", "main", "--", f"clientes/{host(client)}").strip()

    def file_exists(self, client: int) -> bool:
        """Whether the client has a file in Git."""
        return bool(self._git("ls-tree", "main", f"clientes/{host(client)}/").strip())

    def namespace_exists(self, client: int) -> bool:
        """Whether the client has a namespace."""
        try:
            self._live.core.read_namespace(host(client))
        except ApiException as error:
            if error.status != 404:
                raise
            return False
        return True

    def schema_exists(self, client: int) -> bool:
        """Whether the client has a schema or a role in the clients' database."""
        name = host(client).replace("-", "_")
        statement = (
            "SELECT nspname FROM pg_namespace WHERE nspname = %s "
            "UNION SELECT rolname FROM pg_roles WHERE rolname = %s"
        )
        return bool(self._select(self._live.facts["database"]["name"], statement, (name, name)))

    def verdict_events(self, command: str) -> int:
        """How many verdicts on a command the chain holds."""
        events = self._live.contract.events
        return sum(
            len(event.get_logs(from_block=0, argument_filters={"commandId": command}))
            for event in (events.CommandApproved, events.CommandRolledBack)
        )

    def nothing_of(self, client: int) -> None:
        """Expect that no part of the platform was ever made for a client."""
        assert not self.file_exists(client), f"{host(client)} has a file in Git"
        assert not self.namespace_exists(client), f"{host(client)} has a namespace"
        assert not self.schema_exists(client), f"{host(client)} has a schema or role"

    def decided_once(
        self, sent: Sent, status: str = "Approved", reason: str = "", seconds: float = 420
    ) -> None:
        """Wait for a command's verdict, and expect exactly one and no more work than it takes."""
        verdict = self._live.decided(sent, seconds)
        assert (verdict.status, verdict.reason) == (status, reason), self.story(sent.id)
        eventually(lambda: self._settled(sent), f"the end of command {sent.id} in the store", 120)
        assert self.verdict_events(sent.id) == 1
        steps = self._steps(sent.id)
        repeated = {step: count for step, count in collections.Counter(steps).items() if count > 1}
        assert not repeated, f"commits made more than once: {repeated}"
        later = [transition for _, transition in steps[1:]]
        assert "decided" not in later, f"decided, and then more: {steps}"
        alarms = self.select("SELECT kind, message FROM alarms WHERE command_id = %s", sent.id)
        assert not alarms or status != "Approved", f"alarms: {alarms}"

    def story(self, command: str) -> str:
        """What the runs of a command said, for the message of a failing test."""
        events = self.select(
            "SELECT attempt, kind, data FROM run_events WHERE command_id = %s ORDER BY id", command
        )
        return "\n".join([str(self.row(command)), *map(str, events)])

    def trades_once(self, client: int) -> None:
        """Expect one Deployment with one ready pod, as the client's file says."""
        deployments = self._live.apps.list_namespaced_deployment(host(client)).items
        assert [item.spec.replicas for item in deployments] == [1]
        assert self._live.values(client)["replicas"] == 1
        eventually(lambda: self._live.pod(client), f"one ready pod of {host(client)}", 120)

    def is_gone(self, client: int) -> None:
        """Expect a stopped bot: by its file, without pod and exchange Secret."""
        assert self._live.values(client)["replicas"] == 0
        eventually(lambda: not self._live.pods(client), f"no pod of {host(client)}", 120)
        assert not [name for name in self._live.secrets(client) if "-exchange-" in name]

    def _settled(self, sent: Sent) -> bool:
        with contextlib.suppress(psycopg2.OperationalError):
            return bool(self.row(sent.id)["state"] == "done")
        return False

    def _git(self, *arguments: str) -> str:
        run = subprocess.run(["git", "-C", self._live.repository, *arguments], capture_output=True, text=True)
        if run.returncode:
            raise NotSeenError(f"git {arguments[0]}: {run.stderr}")
        return run.stdout

    def _select(
        self, database: str, statement: str, parameters: t.Sequence[object]
    ) -> list[tuple[t.Any, ...]]:
        with contextlib.suppress(KeyError, *LOST):
            return _rows(self._sessions[database], statement, parameters)
        # The first look, or the server was killed since the last one.
        self._sessions[database] = connect(self._live, database)
        return _rows(self._sessions[database], statement, parameters)


def _rows(session: t.Any, statement: str, parameters: t.Sequence[object]) -> list[tuple[t.Any, ...]]:
    with session.cursor() as cursor:
        cursor.execute(statement, parameters)
        return t.cast(list[tuple[t.Any, ...]], cursor.fetchall())


def connect(live: Live, database: str) -> t.Any:
    """A session that may see everything, as no part of the platform may; it begins no transactions."""
    access = live.facts["database"]
    connection = psycopg2.connect(
        host=access["host"],
        port=access["port"],
        dbname=database,
        user="postgres",
        password=SUPERUSER.read_text().strip(),
        connect_timeout=10,
    )
    connection.autocommit = True
    return connection


@contextlib.contextmanager
def superuser(live: Live, database: str) -> Iterator[t.Any]:
    """Such a session, closed with the block."""
    with contextlib.closing(connect(live, database)) as connection:
        yield connection
