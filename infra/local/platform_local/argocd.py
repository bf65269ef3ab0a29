# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Argo CD without its web server: three components and their Redis."""

from __future__ import annotations

import secrets
import socket
import typing as t
from pathlib import Path

import yaml

from .control_plane import ControlPlane
from .kubectl import cluster_role_binding
from .paths import SYSTEM_PATH, Layout
from .pki import write_private
from .supervisor import Program

NAMESPACE = "argocd"
CRDS = ("application-crd.yaml", "applicationset-crd.yaml", "appproject-crd.yaml")
USER = "bot-freqtrade:argocd"
REDIS = ("127.0.0.1", 16379)
REPO_SERVER = ("127.0.0.1", 18081)
METRICS_PORTS = {"repo-server": 18084, "application-controller": 18082, "applicationset-controller": 18085}


class ArgoCd:
    """Argo CD's files, objects and programs."""

    def __init__(self, layout: Layout, tools: Path, module: Path, control_plane: ControlPlane) -> None:
        """:param module: the source of Argo CD's Go module, which brings its CRDs and configuration."""
        self._layout = layout
        self._tools = tools
        self._manifests = module / "manifests"
        self._control_plane = control_plane
        self._home = layout.data / "argocd"

    def prepare(self) -> None:
        """Write Redis' configuration and the kubeconfig where Argo CD's "in-cluster" access looks for it."""
        kubeconfig = self._control_plane.kubeconfig("argocd", USER)
        write_private(self._home / ".kube" / "config", kubeconfig.read_bytes())
        for name in ("tls", "ssh", "gpg", "tmp"):
            (self._home / name).mkdir(parents=True, exist_ok=True)
        host, port = REDIS
        password = self._password("redis")
        settings = (
            f'bind {host}\nport {port}\nsave ""\nappendonly no\ndir {self._home}\nrequirepass {password}\n'
        )
        write_private(self._layout.conf / "redis.conf", settings)

    def install(self) -> None:
        """Make its namespace, CRDs, configuration and rights."""
        files = [self._manifests / "crds" / name for name in CRDS]
        files += sorted((self._manifests / "base" / "config").glob("argocd-*.yaml"))
        objects = [
            document for file in files for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
        ]
        for item in objects:
            if item["kind"] != "CustomResourceDefinition":
                item["metadata"]["namespace"] = NAMESPACE
            if item["metadata"]["name"] == "argocd-secret":
                item["stringData"] = {"server.secretkey": self._password("argocd")}
        self._control_plane.kubectl.apply(_namespace(), cluster_role_binding(USER, "cluster-admin"), *objects)

    def served(self) -> bool:
        """Whether the API server serves Argo CD's kinds."""
        kinds = "applications.argoproj.io,applicationsets.argoproj.io,appprojects.argoproj.io"
        return self._control_plane.kubectl.succeeds("get", kinds, "--namespace", NAMESPACE)

    def programs(self) -> list[Program]:
        """In the order in which they must start."""
        redis, repo_server = (f"{host}:{port}" for host, port in (REDIS, REPO_SERVER))
        controller = (
            f"--kubeconfig={self._home / '.kube' / 'config'}",
            f"--namespace={NAMESPACE}",
            "--loglevel=warn",
        )
        return [
            Program("redis", ("redis-server", self._layout.conf / "redis.conf")),
            self._component(
                "repo-server",
                (
                    "--loglevel=warn",
                    f"--redis={redis}",
                    f"--address={REPO_SERVER[0]}",
                    f"--port={REPO_SERVER[1]}",
                    "--metrics-address=127.0.0.1",
                    f"--metrics-port={METRICS_PORTS['repo-server']}",
                    "--disable-tls",
                    "--revision-cache-expiration=10s",
                ),
            ),
            self._component(
                "application-controller",
                (
                    *controller,
                    f"--redis={redis}",
                    f"--repo-server={repo_server}",
                    "--repo-server-plaintext",
                    f"--metrics-port={METRICS_PORTS['application-controller']}",
                ),
            ),
            self._component(
                "applicationset-controller",
                (
                    *controller,
                    f"--argocd-repo-server={repo_server}",
                    "--repo-server-plaintext",
                    "--webhook-addr=127.0.0.1:18070",
                    "--probe-addr=127.0.0.1:18083",
                    f"--metrics-addr=127.0.0.1:{METRICS_PORTS['applicationset-controller']}",
                ),
            ),
        ]

    def repo_server_ready(self) -> bool:
        return _listens(REPO_SERVER)

    def redis_ready(self) -> bool:
        return _listens(REDIS)

    def _component(self, name: str, arguments: tuple[str, ...]) -> Program:
        environment: dict[str, str | Path] = {
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_TLS_DATA_PATH": self._home / "tls",
            "ARGOCD_SSH_DATA_PATH": self._home / "ssh",
            "ARGOCD_GPG_DATA_PATH": self._home / "gpg",
            "HOME": self._home,
            "PATH": f"{self._tools}:{SYSTEM_PATH}",
            "TMPDIR": self._home / "tmp",
            "REDIS_PASSWORD": self._password("redis"),
        }
        program = self._tools / f"argocd-{name}"
        return Program(f"argocd-{name}", (program, *arguments), environment=environment, directory=self._home)

    def _password(self, name: str) -> str:
        path = self._layout.conf / f"{name}-password"
        if not path.exists():
            write_private(path, secrets.token_hex(16))
        return path.read_text(encoding="utf-8")


def _namespace() -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def _listens(address: tuple[str, int]) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(address) == 0
