# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who can write into the GitOps repository, or make an Application in a client's project."""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
import tempfile
import typing as t
from collections.abc import Iterator, Mapping

import yaml
from kubernetes import client as kube

from tests.e2e.live import Live, NotSeenError, eventually

SERVER: t.Final = "https://kubernetes.default.svc"
SET: t.Final = "clientes"
ARGOCD: t.Final = ("argoproj.io", "v1alpha1", "argocd")
IDENTITY: t.Final = ("-c", "user.name=intruder", "-c", "user.email=intruder@example.invalid")


class Intruder:
    """Writes what no part of the platform writes, and reads what Argo CD makes of it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._objects = kube.CustomObjectsApi()
        self.repository: str = live.facts["gitops_repository"]

    def publish(self, files: Mapping[str, str], branch: str = "main") -> None:
        """Commit and push files, on a branch made where it is missing; Argo CD is told to look.

        :param files: text by path; an empty text removes the file.
        """
        while not self._pushed(files, branch):
            continue  # the platform pushed meanwhile
        self._tell()

    @contextlib.contextmanager
    def clients(self, files: Mapping[str, str]) -> Iterator[None]:
        """Clients with these files; their Applications, projects and namespaces go with the block.

        :param files: text of ``values.yaml`` by the client's name.
        """
        paths = {f"clientes/{name}/values.yaml": text for name, text in files.items()}
        self.publish(paths)
        try:
            yield
        finally:
            self.publish(dict.fromkeys(paths, ""))
            for name in files:
                self._forget(name)

    @contextlib.contextmanager
    def application(self, name: str, project: str, **changes: t.Any) -> Iterator[None]:
        """An Application in a client's project, into the client's namespace, but for what is changed.

        :param changes: parts of ``spec.source`` and ``spec.destination``, by their names.
        """
        source = {"repoURL": self.repository, "targetRevision": "main", "path": "charts/freqtrade"}
        destination = {"server": SERVER, "namespace": project}
        spec: dict[str, t.Any] = {
            "project": project,
            "source": {key: changes.get(key, value) for key, value in source.items()},
            "destination": {key: changes.get(key, value) for key, value in destination.items()},
            "syncPolicy": {"automated": {}, "retry": {"limit": 0}},
        }
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name},
            "spec": spec,
        }
        self._objects.create_namespaced_custom_object(*ARGOCD, "applications", body)
        try:
            yield
        finally:
            self._objects.delete_namespaced_custom_object(*ARGOCD, "applications", name)

    def synced(self, name: str, seconds: float = 120) -> None:
        """Wait until Argo CD has synced a client's Application, for which its project has to be there."""

        def is_synced() -> bool:
            if self.status(name).get("sync", {}).get("status") == "Synced":
                return True
            self._tell()
            return False

        try:
            eventually(is_synced, f"{name} synced", seconds, every=1)
        except NotSeenError as error:
            raise NotSeenError(f"{error}; said was {self.words(name)!r}") from None

    def says(self, name: str, text: str, seconds: float = 90) -> str:
        """Wait until Argo CD says a text of an Application, and return all that it says of it."""
        try:
            return eventually(lambda: self._words_with(name, text), f"{text!r} said of {name}", seconds)
        except NotSeenError as error:
            raise NotSeenError(f"{error}; said was {self.words(name)!r}") from None

    def words(self, name: str) -> str:
        """All messages that Argo CD has of an Application; empty when there is none."""
        status = self.status(name)
        operation = status.get("operationState", {})
        results = operation.get("syncResult", {}).get("resources", [])
        messages = [item.get("message", "") for item in (*status.get("conditions", []), operation, *results)]
        return "\n".join(message for message in messages if message)

    def status(self, name: str) -> dict[str, t.Any]:
        """What Argo CD has seen of an Application; empty before it has looked."""
        with contextlib.suppress(kube.ApiException):
            found = self._objects.get_namespaced_custom_object(*ARGOCD, "applications", name)
            return t.cast(dict[str, t.Any], found.get("status", {}))
        return {}

    def applications(self, client: str) -> list[str]:
        """What a client's two Applications shall do, as text without the client's name."""
        names = (client, f"project-{client}")
        found = [self._objects.get_namespaced_custom_object(*ARGOCD, "applications", name) for name in names]
        return [json.dumps(item["spec"], sort_keys=True).replace(client, "client") for item in found]

    def _pushed(self, files: Mapping[str, str], branch: str) -> bool:
        """Whether nobody else pushed to the branch between the look at it and the push."""
        with tempfile.TemporaryDirectory() as folder:
            clone = pathlib.Path(folder)
            git("clone", "--quiet", self.repository, folder)
            git("-C", folder, "checkout", "--quiet", "-B", branch)
            for name, text in files.items():
                path = clone / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text) if text else path.unlink()
            git("-C", folder, "add", "--all")
            git("-C", folder, *IDENTITY, "commit", "--quiet", "--allow-empty", "--message", "Intrude")
            force = [] if branch == "main" else ["--force"]
            push = ["git", "-C", folder, "push", "--quiet", *force, "origin", f"HEAD:{branch}"]
            run = subprocess.run(push, capture_output=True, text=True)
            assert run.returncode == 0 or "rejected" in run.stderr or "cannot lock ref" in run.stderr, (
                run.stderr
            )
            return run.returncode == 0

    def _tell(self) -> None:
        """Let Argo CD look for clients' folders now."""
        refresh = {"metadata": {"annotations": {"argocd.argoproj.io/application-set-refresh": "true"}}}
        self._objects.patch_namespaced_custom_object(*ARGOCD, "applicationsets", SET, refresh)

    def _words_with(self, name: str, text: str) -> str | None:
        words = self.words(name)
        return words if text in words else None

    def _forget(self, name: str) -> None:
        """Remove what Argo CD made of a folder that has gone; a look under way may make it once more."""
        for kind, item in (
            ("applications", name),
            ("applications", f"project-{name}"),
            ("appprojects", name),
        ):
            with contextlib.suppress(kube.ApiException):
                self._objects.delete_namespaced_custom_object(*ARGOCD, kind, item)
        with contextlib.suppress(kube.ApiException):
            self._live.core.delete_namespace(name)


def values(**changes: t.Any) -> str:
    """The file of a client with a stopped bot, and whatever else."""
    return yaml.safe_dump({"replicas": 0, "platform": {"client": 1, "sequence": 0}, **changes})


def git(*arguments: str) -> None:
    """Run Git, or fail with what it says."""
    run = subprocess.run(["git", *arguments], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
