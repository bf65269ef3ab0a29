# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Build, start and remove the whole platform."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sys
import time
from pathlib import Path

from . import access, exchange, host, images, tools
from .chain import Chain
from .database import Database
from .enclosure import Enclosure
from .errors import LocalPlatformError
from .gitops import GitOps
from .local_cluster import LocalCluster
from .paths import Layout, cache_root
from .pki import write_private
from .progress import say, step
from .settings import ROLES, Settings
from .supervisor import Program, Supervisor, configuration

START_SECONDS = 20


@dataclasses.dataclass(frozen=True)
class Options:
    """What an operator may choose."""

    listener: bool = True
    """Whether chain, contract and listener run. Operators' own runs do without."""


class Platform:
    """One checkout's platform on this host."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options
        self._supervisor = Supervisor(layout.run / "supervisor.sock", layout.logs)
        self._enclosure = Enclosure(layout.run)
        self._host = host.Host(layout)
        self._database = Database(layout)
        self._chain = Chain(layout)
        self._gitops = GitOps(layout)
        self._settings = Settings(layout, self._gitops, self._database, self._enclosure)

    def build(self) -> bool:
        """Make every artifact that is not in the cache; False when all were."""
        host.check()
        made = [tools.ensure(self._layout)[1], images.ensure_base(self._layout)[1]]
        made.append(images.ensure_platform(self._layout)[1])
        if self._options.listener:
            made.append(self._chain.ensure_tools()[1])
        return any(made)

    def up(self) -> bool:
        """Build and start what is missing; False when everything ran already.

        :raises LocalPlatformError: says what is missing or which log to read.
        """
        changed = self.build()
        host.HostLock.take(self._layout)
        running = self._enclosure.alive()
        changed |= self._host.prepare()
        self._make_folders()
        self._settings.link_collection()
        cluster = LocalCluster(self._layout, self._supervisor)
        cluster.prepare(running)
        with step("Supervisor"):
            changed |= self._configure(cluster)
        with step("PostgreSQL and the stand-in for Binance"):
            changed |= self._start_services()
        with step("Kubernetes and Argo CD"):
            archive = images.ensure_platform(self._layout)[0]
            changed |= cluster.start([archive / "image.tar"])
            access.install(self._layout, cluster.control_plane)
        with step("GitOps repository"):
            changed |= self._gitops.publish(images.platform_name(self._layout))
            cluster.control_plane.apply(*self._gitops.application_set())
            changed |= self._settings.write_inventory()
        if self._options.listener:
            with step("Chain and listener"):
                changed |= self._start_listener(cluster)
        return changed

    def down(self) -> bool:
        """End everything and leave the host as it was; False when there was nothing."""
        was_there = self._layout.local.exists() or self._enclosure.alive()
        if self._enclosure.alive():
            with step("Pods"), contextlib.suppress(LocalPlatformError, OSError):
                self._empty_cluster()
            with step("Processes"):
                with contextlib.suppress(OSError):
                    self._supervisor.shutdown()
                self._enclosure.end(seconds=45)
        with step("Host"):
            self._host.restore()
            shutil.rmtree(self._layout.local, ignore_errors=True)
            shutil.rmtree(self._layout.run, ignore_errors=True)
            host.HostLock.release()
        return was_there

    def states(self) -> dict[str, str]:
        """The state of each program; empty when the platform is down."""
        return self._supervisor.states() if self._supervisor.answers() else {}

    def _empty_cluster(self) -> None:
        for program in self._settings_programs():
            self._supervisor.stop(program)
        cluster = LocalCluster(self._layout, self._supervisor)
        cluster.empty()
        self._supervisor.stop("kubelet")
        if not cluster.release_store():
            say("  Containers are left; their store will be made anew")

    @staticmethod
    def _settings_programs() -> list[str]:
        return [f"listener-{role}" for role in ROLES]

    def _make_folders(self) -> None:
        layout = self._layout
        for folder in (layout.conf, layout.data, layout.pki, layout.secrets, layout.logs, layout.run, layout.inventory):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (layout.secrets, layout.pki):
            folder.chmod(0o700)
        access.own_folders(layout)

    def _programs(self, cluster: LocalCluster) -> list[Program]:
        programs = [*cluster.programs(), self._database.program(), exchange.program(self._layout)]
        if self._options.listener:
            programs.append(self._chain.program())
            deployment = self._chain.deployment()
            programs += self._settings.programs(deployment) if deployment else []
        return programs

    def _configure(self, cluster: LocalCluster) -> bool:
        """Give the supervisor its programs, and start it where it does not run; False when nothing changed."""
        path = self._layout.conf / "supervisord.conf"
        text = configuration(self._programs(cluster), self._layout.run / "supervisor.sock", self._layout.logs)
        changed = write_private(path, text)
        if self._enclosure.alive():
            if changed:
                self._supervisor.reload()
            return changed
        visible = [Path(sys.prefix), Path(sys.base_prefix), cache_root(), self._layout.checkout]
        log = self._layout.logs / "enclosure.log"
        self._enclosure.start(path, self._layout.data, visible, self._etc(), log)
        deadline = time.monotonic() + START_SECONDS
        while not self._supervisor.answers():
            if time.monotonic() > deadline or not self._enclosure.alive():
                raise LocalPlatformError(f"The supervisor did not start; read {log}")
            time.sleep(0.1)
        return True

    def _etc(self) -> dict[str, str]:
        """Git asks who owns a repository; the platform's users may trust this one."""
        system = Path("/etc/gitconfig")
        text = system.read_text(encoding="utf-8") if system.exists() else ""
        return {"gitconfig": f"{text}\n[safe]\n\tdirectory = {self._layout.gitops}\n"}

    def _start_services(self) -> bool:
        changed = self._database.prepare(self._enclosure)
        started = [self._supervisor.start("postgres"), self._supervisor.start("binance")]
        if self._options.listener:
            started.append(self._supervisor.start("anvil"))
        self._supervisor.wait("postgres", self._database.ready)
        changed |= self._database.install()
        self._database.write_access()
        self._supervisor.wait("binance", exchange.ready)
        return changed or any(started)

    def _start_listener(self, cluster: LocalCluster) -> bool:
        self._supervisor.wait("anvil", self._chain.ready)
        changed = self._chain.install()
        changed |= self._configure(cluster)
        if changed:
            self._settings.migrate()
        started = [self._supervisor.start(program) for program in self._settings_programs()]
        return changed or any(started)
