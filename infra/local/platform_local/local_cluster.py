# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The cluster that is built and started here: control plane, node and Argo CD."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from pathlib import Path

from . import images, tools
from .argocd import ArgoCd
from .control_plane import ControlPlane
from .images import SANDBOX_IMAGE
from .network import LOCAL, Network
from .node import Node
from .paths import Layout, cache_root
from .progress import run, step
from .supervisor import Program, Supervisor

ARGOCD_MODULE = "github.com/argoproj/argo-cd/v3"


class LocalCluster:
    """Kubernetes with Argo CD as processes of this host."""

    def __init__(
        self,
        layout: Layout,
        supervisor: Supervisor,
        network: Network = LOCAL,
        image_store: Path | None = None,
    ) -> None:
        """:param image_store: where containerd keeps images; by default in the cache, for all starts."""
        self._layout = layout
        self._supervisor = supervisor
        programs, _built = tools.ensure(layout)
        self._tools = programs
        self._image_store = image_store or cache_root() / "containerd"
        self.control_plane = ControlPlane(layout, programs, network)
        self._node = Node(layout, programs, self.control_plane, self._image_store)
        self._argocd = ArgoCd(
            layout, programs, tools.module_folder(layout, ARGOCD_MODULE), self.control_plane
        )

    @property
    def _installed(self) -> Path:
        """There when all objects were made that the platform needs."""
        return self._layout.local / "installed"

    @property
    def _in_use(self) -> Path:
        """There while containers may exist in the store."""
        return self._image_store / "in-use"

    def prepare(self, running: bool) -> None:
        """Write all configuration. A store that was not left in order is thrown away with its images."""
        if self._in_use.exists() and not running:
            shutil.rmtree(self._image_store)
        self._image_store.mkdir(parents=True, exist_ok=True)
        self._in_use.touch()
        self.control_plane.prepare()
        self._node.prepare()
        self._argocd.prepare()

    def programs(self) -> list[Program]:
        return [*self.control_plane.programs(), *self._node.programs(), *self._argocd.programs()]

    def start(self, archives: t.Mapping[str, Path]) -> bool:
        """Start everything that does not run, in order, and wait until it is ready; False when all of it ran.

        :param archives: the archives of the images that pods run, by the names of these.
        """
        start, wait = self._supervisor.start, self._supervisor.wait
        started = [start("etcd")]
        wait("etcd", self.control_plane.etcd_ready)
        started += [start("containerd"), start("redis"), start("kube-apiserver")]
        wait("kube-apiserver", self.control_plane.ready)
        started += [start("kube-controller-manager"), start("kube-scheduler")]
        wait("containerd", self._containerd_ready)
        self._import_sandbox()
        imported = [self._import(image, archive) for image, archive in archives.items()]
        started.append(start("kubelet"))
        if any(started) or not self._installed.exists():
            self.control_plane.install()
            self._argocd.install()
            wait("kube-apiserver", self._argocd.served)
            self._installed.touch()
        wait("redis", self._argocd.redis_ready)
        started.append(start("argocd-repo-server"))
        wait("argocd-repo-server", self._argocd.repo_server_ready)
        started += [start("argocd-application-controller"), start("argocd-applicationset-controller")]
        wait("kubelet", self._node.ready)
        return any(started) or any(imported)

    def _import_sandbox(self) -> None:
        """Give containerd the image of pods' sandboxes, if it lacks it."""
        if SANDBOX_IMAGE not in self._image_names():
            sandbox = self._layout.data / "pause.tar"
            images.sandbox_archive(self._tools / "pause", sandbox)
            self._change_images("import", sandbox)

    def _import(self, image: str, archive: Path) -> bool:
        """Give containerd an image and take older ones of its name away; False when it had it."""
        names = self._image_names()
        if image in names:
            return False
        with step(f"Import of {image}"):
            self._change_images("import", archive)
        repository = image.rpartition(":")[0]
        if older := [name for name in names if name.startswith(f"{repository}:")]:
            self._change_images("rm", *older)
        return True

    def _image_names(self) -> list[str]:
        command = [*self._ctr(), "images", "ls", "--quiet"]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout.split()

    def _change_images(self, *arguments: str | Path) -> None:
        run([*self._ctr(), "images", *arguments], self._layout.logs / "images.log")

    def empty(self) -> None:
        """End and remove all pods in an orderly way, while everything still runs.

        :raises LocalPlatformError: when pods stay.
        """
        for program in (
            "argocd-application-controller",
            "argocd-applicationset-controller",
            "kube-controller-manager",
        ):
            self._supervisor.stop(program)
        self.control_plane.kubectl.run(
            "delete", "pods", "--all", "--all-namespaces", "--grace-period=2", "--timeout=60s"
        )
        self._supervisor.stop("kubelet")
        self._release_store()

    def _release_store(self) -> None:
        """Remove the remains of containers from containerd's store; its images serve the next start."""
        log = self._layout.logs / "images.log"
        listed = subprocess.run(
            [*self._ctr(), "containers", "ls", "-q"], check=False, capture_output=True, text=True
        )
        if names := listed.stdout.split():
            run([*self._ctr(), "containers", "delete", *names], log)
        self._in_use.unlink()

    def _containerd_ready(self) -> bool:
        return subprocess.run([*self._ctr(), "version"], check=False, capture_output=True).returncode == 0

    def _ctr(self) -> list[str]:
        return ["ctr", "--address", str(self._node.socket), "--namespace", "k8s.io"]
