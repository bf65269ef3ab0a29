# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Build, start and remove the whole platform."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import shutil
import typing as t
from pathlib import Path

import yaml

from . import access, aws, exchange, existing_cluster, external_secrets, host, images, tools, trial
from .chain import Chain
from .database import Database
from .enclosure import FIXED_FOLDERS
from .errors import LocalPlatformError
from .gitops import GitOps
from .kubectl import Kubectl
from .local_cluster import LocalCluster
from .options import ExistingCluster, Options
from .paths import Layout
from .processes import Processes
from .progress import say, step
from .settings import ROLES, Settings
from .supervisor import Program


@dataclasses.dataclass(frozen=True)
class _Started:
    """A cluster that is ready: our own or none of ours, how it is reached, what bots run, what changed."""

    cluster: LocalCluster | None
    kubectl: Kubectl
    image: str
    changed: bool


class Platform:
    """One checkout's platform on this host."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options
        self._processes = Processes(layout)
        self._supervisor = self._processes.supervisor
        self._enclosure = self._processes.enclosure
        self._host = host.Host(layout)
        self._database = Database(layout, options)
        self._chain = Chain(layout)
        self._gitops = GitOps(layout, options)
        self._settings = Settings(layout, options, self._gitops, self._database, self._enclosure)

    def build(self) -> bool:
        """Make every artifact that is not in the cache; False when all were.

        :raises LocalPlatformError: when this host or the existing cluster lacks something.
        """
        self._options.require()
        host.check(own_cluster=self._options.cluster is None)
        made = []
        if self._options.cluster:
            existing_cluster.connect(self._options.cluster)
        else:
            made += self._build_cluster()
        if self._options.external_secrets:
            made.append(external_secrets.ensure(self._layout)[1])
        if self._options.listener:
            made.append(self._chain.ensure_tools()[1])
        return any(made)

    def _build_cluster(self) -> list[bool]:
        """Build programs and images side by side: compilers compute while packages are fetched."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            parts = [pool.submit(part, self._layout) for part in (tools.ensure, images.ensure_platform)]
        return [part.result()[1] for part in parts]

    def up(self) -> bool:
        """Build and start what is missing; False when everything ran already.

        :raises LocalPlatformError: says what is missing or which log to read.
        """
        with host.claimed(self._layout, self._enclosure.alive):
            return self._up()

    def _up(self) -> bool:
        former = existing_cluster.recorded(self._layout)
        if former or self._enclosure.alive():
            existing_cluster.require_same(former, self._options.cluster)
        changed = self.build()
        self._make_folders()
        self._settings.link_collection()
        started = (
            self._join_cluster(self._options.cluster) if self._options.cluster else self._start_cluster()
        )
        changed |= started.changed | self._publish(started.kubectl, started.image)
        if self._options.listener:
            with step("Contract and listener"):
                changed |= self._start_listener(started.cluster)
        return self._settings.write_facts(started.kubectl.program, self._chain.deployment()) or changed

    def addons(self) -> dict[str, t.Any]:
        """The variables of the role cluster_addons for what the cluster needs; empty when that is nothing."""
        if not self._options.external_secrets:
            return {}
        helm = tools.ensure(self._layout)[0] / "helm"
        place = {"platform_kubeconfig": str(self._layout.admin_kubeconfig)}
        return {**external_secrets.addon(self._layout, helm), **place}

    def down(self) -> bool:
        """End everything and leave the host as it was; False when there was nothing.

        :raises LocalPlatformError: when the platform of another checkout runs; it is left alone.
        """
        with host.claimed(self._layout, self._enclosure.alive):
            return self._down()

    def _down(self) -> bool:
        was_there = self._layout.local.exists() or self._enclosure.alive()
        left = ""
        if self._options.cluster:
            with step("End of what was made in the cluster"):
                left = self._leave_cluster(self._options.cluster)
        elif self._enclosure.alive():
            with step("End of the pods"):
                self._empty_cluster()
        if self._enclosure.alive():
            with step("End of the processes"):
                self._processes.end()
        self._host.restore()
        shutil.rmtree(self._layout.run, ignore_errors=True)
        host.release()
        if left:
            raise LocalPlatformError(
                f"In the cluster something is left of the platform: {left}\n"
                f"Take it down again for another try; without {self._layout.local} it is forgotten"
            )
        shutil.rmtree(self._layout.local, ignore_errors=True)
        return was_there

    def states(self) -> dict[str, str]:
        """The state of each program; empty when the platform is down."""
        return self._supervisor.states() if self._supervisor.answers() else {}

    def _start_cluster(self) -> _Started:
        """Start the cluster of this host."""
        changed = self._host.prepare()
        cluster = LocalCluster(self._layout, self._supervisor)
        cluster.prepare(running=self._enclosure.alive())
        changed |= self._start_supervisor(cluster)
        with step("Kubernetes and Argo CD"):
            image = images.platform_name(self._layout)
            archives = {image: images.ensure_platform(self._layout)[0] / "image.tar"}
            if self._options.external_secrets:
                archives[external_secrets.IMAGE] = external_secrets.ensure(self._layout)[0] / "image.tar"
            changed |= cluster.start(archives)
            access.install(
                self._layout, cluster.control_plane.kubectl, access.Certificates(cluster.control_plane)
            )
        return _Started(cluster, cluster.control_plane.kubectl, image, changed)

    def _join_cluster(self, cluster: ExistingCluster) -> _Started:
        """Use the cluster that there is."""
        kubectl = existing_cluster.connect(cluster)
        if existing_cluster.recorded(self._layout) is None:
            existing_cluster.require_unused(kubectl)
            self._gitops.require_unused()
        existing_cluster.record(self._layout, kubectl, cluster)
        accounts = existing_cluster.ServiceAccounts(kubectl)
        accounts.install()
        access.install(self._layout, kubectl, accounts)
        changed = self._start_supervisor(None)
        with step("A first pod in the cluster"):
            trial.run(kubectl, cluster)
        return _Started(None, kubectl, cluster.image, changed)

    def _empty_cluster(self) -> None:
        """End pods in order, so that containerd's store can be kept; what fails here is ended by force."""
        try:
            self._stop_listener()
            cluster = LocalCluster(self._layout, self._supervisor)
            cluster.empty()
        except (LocalPlatformError, OSError) as error:
            say(f"  Images will be imported again at the next start: {error}")

    def _leave_cluster(self, cluster: ExistingCluster) -> str:
        """Take away what was made in a cluster of others; returns what went wrong."""
        try:
            if self._enclosure.alive():
                self._stop_listener()
            existing_cluster.leave(existing_cluster.reach(cluster))
            self._gitops.remove_clients()
        except (LocalPlatformError, OSError) as error:
            return str(error)
        return ""

    def _stop_listener(self) -> None:
        for role in ROLES:
            self._supervisor.stop(f"listener-{role}")

    def _make_folders(self) -> None:
        layout = self._layout
        folders = (
            layout.conf,
            layout.data,
            layout.pki,
            layout.secrets,
            layout.logs,
            layout.run,
            layout.inventory,
        )
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (layout.secrets, layout.pki, layout.conf):
            folder.chmod(0o700)
        access.own_folders(layout)

    def _programs(self, cluster: LocalCluster | None) -> list[Program]:
        programs = [*cluster.programs(), self._gitops.program()] if cluster else []
        programs += [self._database.program(), exchange.program(self._layout, self._options)]
        if self._options.external_secrets:
            programs.append(aws.program())
        if self._options.listener:
            programs.append(self._chain.program())
            deployment = self._chain.deployment()
            programs += self._settings.programs(deployment) if deployment else []
        return programs

    def _start_supervisor(self, cluster: LocalCluster | None) -> bool:
        with step("PostgreSQL, the stand-in for Binance and the chain"):
            changed = self._configure(cluster)
            return self._start_services() or changed

    def _configure(self, cluster: LocalCluster | None) -> bool:
        """Give the supervisor its programs, and start it if it does not run; False when nothing changed."""
        folders = FIXED_FOLDERS if cluster else ()
        return self._processes.configure(self._programs(cluster), folders, self._etc())

    def _etc(self) -> dict[str, str]:
        """Files of /etc that are others inside. Playbooks read no user's Git configuration, only this."""
        system = Path("/etc/gitconfig")
        text = system.read_text(encoding="utf-8") if system.exists() else ""
        return {"gitconfig": f"{text}\n{self._gitops.trust()}"}

    def _start_services(self) -> bool:
        changed = self._database.prepare(self._enclosure)
        started = [self._supervisor.start("postgres"), self._supervisor.start("binance")]
        if self._options.external_secrets:
            started.append(self._supervisor.start("aws"))
            self._supervisor.wait("aws", aws.ready)
        if self._options.listener:
            started.append(self._supervisor.start("anvil"))
        self._supervisor.wait("postgres", self._database.ready)
        changed |= self._database.install()
        self._database.write_access()
        self._supervisor.wait("binance", lambda: exchange.ready(self._options))
        return changed or any(started)

    def _publish(self, kubectl: Kubectl, image: str) -> bool:
        with step("GitOps repository and inventory"):
            changed = self._gitops.publish(image)
            if not self._options.cluster:
                changed |= self._supervisor.start("git-locks")
            kubectl.apply(*yaml.safe_load_all(self._gitops.application_set()))
            if self._options.cluster:
                existing_cluster.await_listing(kubectl)
            return self._settings.write_inventory() or changed

    def _start_listener(self, cluster: LocalCluster | None) -> bool:
        self._supervisor.wait("anvil", self._chain.ready)
        changed = self._chain.install()
        changed |= self._configure(cluster)
        roles = [f"listener-{role}" for role in ROLES]
        if any(self.states()[role] != "RUNNING" for role in roles):
            self._settings.migrate()
            self._settings.make_token()
        started = [self._supervisor.start(role) for role in roles]
        return changed or any(started)
