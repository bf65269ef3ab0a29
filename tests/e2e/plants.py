# SPDX-License-Identifier: GPL-3.0-or-later
"""A value planted in every kind of place that the canary search reads: what finds none of them is blind."""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
import subprocess
import sys
from collections.abc import Iterator

from kubernetes import client as kube

from tests.e2e.live import ROOT, Live
from tests.e2e.places import LOCAL, Redis
from tests.e2e.trail import superuser

NAME = "canary-planted"
KINDS = (
    "Git: objects",
    "dump: platform",
    "/runs/",
    "/local-logs/",
    "/cmdline",
    "/environ",
    "Redis:",
    "Kubernetes:",
    "/etcd/",
    f"/build/{NAME}",
)
"""A part of the name of each place."""


@contextlib.contextmanager
def planted(live: Live, runs: pathlib.Path) -> Iterator[bytes]:
    """Plant a new value everywhere, and take it away again where it would stay.

    :param runs: folder of the dispatcher's runs.
    """
    value = ("Planted" + secrets.token_hex(16)).encode()
    with contextlib.ExitStack() as stack:
        for file in (runs / NAME, ROOT / "build" / "local-logs" / NAME, ROOT / "build" / NAME):
            file.write_bytes(value)
            stack.callback(file.unlink)
        _in_git(live, value)
        stack.enter_context(_in_database(live, value))
        stack.enter_context(_in_redis(value))
        stack.enter_context(_in_kubernetes(live, value))
        stack.enter_context(_in_process([sys.executable, "-c", "input()", value.decode()], {}))
        stack.enter_context(_in_process([sys.executable, "-c", "input()"], {"PLANTED": value.decode()}))
        yield value


def _in_git(live: Live, value: bytes) -> None:
    """Git forgets an object that nothing names by itself."""
    subprocess.run(
        ["git", "-C", live.repository, "hash-object", "-w", "--stdin"],
        input=value,
        check=True,
        stdout=subprocess.DEVNULL,
    )


@contextlib.contextmanager
def _in_database(live: Live, value: bytes) -> Iterator[None]:
    with superuser(live, live.facts["platform_database"]["name"]) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE canary_planted AS SELECT %s::text AS value", (value.decode(),))
        try:
            yield
        finally:
            cursor.execute("DROP TABLE canary_planted")


@contextlib.contextmanager
def _in_redis(value: bytes) -> Iterator[None]:
    with Redis() as redis:
        redis.ask(b"SET", NAME.encode(), value)
    try:
        yield
    finally:
        with Redis() as redis:
            redis.ask(b"DEL", NAME.encode())


@contextlib.contextmanager
def _in_kubernetes(live: Live, value: bytes) -> Iterator[None]:
    """A ConfigMap, whose content etcd keeps as it is."""
    body = kube.V1ConfigMap(metadata=kube.V1ObjectMeta(name=NAME), data={"value": value.decode()})
    live.core.create_namespaced_config_map("default", body)
    try:
        yield
    finally:
        live.core.delete_namespaced_config_map(NAME, "default")


@contextlib.contextmanager
def _in_process(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | environment)
    try:
        yield
    finally:
        process.communicate(b"\n")


def holders_of_secrets(path: pathlib.Path) -> bool:
    """Whether a file of ``build/`` holds a secret by its purpose, or a bot's environment on its node."""
    own = [LOCAL / name for name in ("secrets", "platform", "listener", "monitor", "pki", "conf")]
    own += [ROOT / "build" / "demo" / "wallets", LOCAL / "data" / "argocd" / ".kube"]
    is_closed = path.stat().st_mode & 0o077 == 0
    is_own = path == LOCAL / "admin.kubeconfig" or any(folder in path.parents for folder in own)
    if is_closed and is_own:
        return True
    # The staged collection holds the tests, which name the demo's keys. containerd writes down how it
    # started a container, with the Secrets that Kubernetes gave it.
    return ROOT / "build" / "stage" in path.parents or "containerd" in str(path)
