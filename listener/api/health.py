# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the listener's neighbours answer: each is asked for a short time, and not at every request."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import sqlalchemy as sa
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import connect

from listener.chain import ChainReader

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from listener.settings import ApiSettings

CHECK_SECONDS: t.Final = 3.0
KEPT_SECONDS: t.Final = 5.0
Check = t.Callable[[], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; *error* names a kind of failure, never an address."""

    ready: bool
    error: str
    seconds: float


class Health:
    """Runs named checks side by side; each raises when its neighbour is away."""

    def __init__(self, checks: Mapping[str, Check], clock: Callable[[], float] = time.monotonic) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[float, dict[str, Finding]] | None = None

    def findings(self) -> dict[str, Finding]:
        """Return what was found, at most some seconds ago."""
        with self._lock:
            if self._kept is None or self._clock() - self._kept[0] >= KEPT_SECONDS:
                with ThreadPoolExecutor(len(self._checks)) as pool:
                    found = dict(zip(self._checks, pool.map(_find, self._checks.values()), strict=True))
                self._kept = (self._clock(), found)
            return self._kept[1]


def _find(check: Check) -> Finding:
    began = time.monotonic()
    try:
        check()
    except PlatformError as error:
        return Finding(False, error.code, time.monotonic() - began)
    except Exception as error:
        # Only its kind: texts of libraries hold addresses and worse.
        return Finding(False, type(error).__name__, time.monotonic() - began)
    return Finding(True, "", time.monotonic() - began)


def checks_of(settings: ApiSettings, engine: sa.Engine) -> dict[str, Check]:
    """Return the checks of the neighbours that the settings name."""
    timeout = min(settings.rpc_timeout, CHECK_SECONDS)
    reader = ChainReader(settings.model_copy(update={"rpc_timeout": timeout}))

    def database() -> None:
        with engine.begin() as connection:
            connection.execute(sa.text(f"SET LOCAL statement_timeout = {int(CHECK_SECONDS * 1000)}"))
            connection.execute(sa.text("SELECT count(*) FROM chain"))

    def chain() -> None:
        reader.head()

    checks: dict[str, Check] = {"database": database, "chain": chain}
    if settings.kubeconfig or "KUBERNETES_SERVICE_HOST" in os.environ:
        checks["cluster"] = cluster_check(settings.kubeconfig)
    if settings.gitops_repository:
        checks["git"] = git_check(settings.gitops_repository)
    return checks


def cluster_check(kubeconfig: Path | None) -> Check:
    """Return a check of the cluster that *kubeconfig* names; without it, of that around this pod."""

    def check() -> None:
        connect(str(kubeconfig) if kubeconfig else None, request_timeout=CHECK_SECONDS).ask("/version")

    return check


def git_check(repository: str) -> Check:
    """Return a check of a Git *repository*."""

    def check() -> None:
        subprocess.run(
            ["git", "ls-remote", "--quiet", "--exit-code", "--", repository, "HEAD"],
            check=True,
            timeout=CHECK_SECONDS,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"},
        )

    return check


__all__ = ("Check", "Finding", "Health", "checks_of", "cluster_check", "git_check")
