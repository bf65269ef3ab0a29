# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A small GitOps repository with a chart of its own, on the Argo CD of a running platform.

The chart's bot is a shell that behaves as its ``mode`` says: what is tested is how Kubernetes and Argo CD
report a failure.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
import time
import typing as t

import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import GitRepository
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import (
    Cluster,
    HealthWatch,
    Stopwatch,
    Synchronisation,
    Target,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    APPLICATION_SETS,
    APPLICATIONS,
    NAMESPACES,
    NotFound,
    Resource,
)

NAME: t.Final = "laboratory"
HOST: t.Final = "cliente-961"
PROJECTS: t.Final = Resource("argoproj.io", "v1alpha1", "appprojects", "AppProject")
MODES: t.Final = ("ready", "other", "crashes", "typed", "blind", "raises", "no-image", "no-secret")

CHART: t.Final = {
    "Chart.yaml": "apiVersion: v2\nname: freqtrade\nversion: 0.1.0\n",
    "values.schema.json": json.dumps({"properties": {"mode": {"enum": MODES}}}),
    "templates/deployment.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: &labels {app.kubernetes.io/instance: {{ .Release.Name }}, app.kubernetes.io/component: trade}
spec:
  replicas: {{ .Values.replicas }}
  strategy: {type: {{ .Values.strategy | default "Recreate" }}}
  selector: {matchLabels: *labels}
  template:
    metadata: {labels: *labels, annotations: {mode: {{ .Values.mode }}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: freqtrade
          image: {{ eq .Values.mode "no-image" | ternary "localhost/nothing:1" .Values.image }}
          imagePullPolicy: {{ eq .Values.mode "no-image" | ternary "Never" "IfNotPresent" }}
          command:
            - sh
            - -c
            - |
              case {{ .Values.mode }} in
              crashes) echo "password=canary"; exit 3;;
              typed) echo '{"code": "strategy_not_loadable", "exit": 2}' > /dev/termination-log; exit 2;;
              blind) echo '{"code": "exchange_unavailable", "exit": 2}' > /dev/termination-log; exit 2;;
              raises) echo "bot-health: strategy_raises BTC/USDT";;
              esac
              exec sleep 3600
          {{- if eq .Values.mode "no-secret" }}
          env: [{name: BINANCE_API_KEY, valueFrom: {secretKeyRef: {name: nothing, key: BINANCE_API_KEY}}}]
          {{- end }}
          readinessProbe:
            exec: {command: [{{ has .Values.mode (list "ready" "other") | ternary "true" "false" | quote }}]}
            periodSeconds: 1
""",
}


@dataclasses.dataclass
class Laboratory:
    """One client, its repository, and the modules' classes on both."""

    cluster: Cluster
    directory: pathlib.Path
    image: str

    @property
    def repository(self) -> pathlib.Path:
        return self.directory / "gitops.git"

    @property
    def _tree(self) -> pathlib.Path:
        return self.directory / "tree"

    def set_up(self) -> None:
        """Make the repository, and the project and ApplicationSet that follow it."""
        self.directory.chmod(0o755)
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", self.repository], check=True)
        subprocess.run(
            ["git", "clone", "--quiet", self.repository, self._tree], check=True, capture_output=True
        )
        for name, text in CHART.items():
            path = self._tree / "charts" / "freqtrade" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for resource, body in ((PROJECTS, self._project()), (APPLICATION_SETS, self._application_set())):
            self.cluster.create(resource, "argocd", {"metadata": {"name": NAME}, **body})

    def tear_down(self) -> None:
        """Remove all of it; the namespace takes the bot with it."""
        self.cluster.delete(APPLICATION_SETS, "argocd", NAME)
        # A reconciliation under way makes the Application once more, and its finalizer needs the project.
        misses = 0
        for _ in range(60):
            try:
                self.cluster.delete(APPLICATIONS, "argocd", HOST)
            except NotFound:
                misses += 1
            if misses == 4:
                break
            time.sleep(0.5)
        self.cluster.delete(PROJECTS, "argocd", NAME)
        self.cluster.delete(NAMESPACES, None, HOST)

    def commit(self, mode: str, *, replicas: int = 1, **values: t.Any) -> str:
        """Push the client's values and return the commit."""
        path = self._tree / "clientes" / HOST / "values.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"mode": mode, "replicas": replicas, "image": self.image, **values}))
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", mode)
        self._git("push", "--quiet", "origin", "HEAD:main")
        return self._git("rev-parse", "HEAD").strip()

    def synchronise(
        self, commit: str, seconds: float = 60, *, terminate_running: bool = False
    ) -> dict[str, t.Any]:
        repository = GitRepository(str(self.repository), cache_dir=str(self.directory / "cache"), timeout=5)
        return Synchronisation(
            self.cluster,
            Target("argocd", HOST, NAME),
            lambda revision: repository.contains(revision, commit),
            Stopwatch(seconds),
            terminate_running=terminate_running,
        ).run()

    def health(self, expected: str = "healthy", seconds: float = 60) -> dict[str, t.Any]:
        watch = HealthWatch(self.cluster, HOST, HOST, Stopwatch(seconds), stable_seconds=2, log_lines=5)
        return watch.run(expected)

    def _git(self, *arguments: str) -> str:
        command = [
            "git",
            "-C",
            str(self._tree),
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            *arguments,
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    @property
    def _url(self) -> str:
        return f"file://{self.repository}"

    def _project(self) -> dict[str, t.Any]:
        return {
            "spec": {
                "sourceRepos": [self._url],
                "destinations": [{"server": "https://kubernetes.default.svc", "namespace": HOST}],
                "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
            }
        }

    def _application_set(self) -> dict[str, t.Any]:
        return {
            "spec": {
                "goTemplate": True,
                "generators": [
                    {
                        "git": {
                            "repoURL": self._url,
                            "revision": "main",
                            "files": [{"path": "clientes/*/values.yaml"}],
                        }
                    }
                ],
                "template": {
                    "metadata": {"name": "{{.path.basename}}"},
                    "spec": {
                        "project": NAME,
                        "source": {
                            "repoURL": self._url,
                            "targetRevision": "main",
                            "path": "charts/freqtrade",
                            "helm": {"valueFiles": ["/clientes/{{.path.basename}}/values.yaml"]},
                        },
                        "destination": {
                            "server": "https://kubernetes.default.svc",
                            "namespace": "{{.path.basename}}",
                        },
                        "syncPolicy": {
                            "automated": {"prune": True, "selfHeal": True},
                            "syncOptions": ["CreateNamespace=true"],
                            "retry": {"limit": 5, "refresh": True},
                        },
                    },
                },
            }
        }
