# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The GitOps repository, made from the template that ``infra/`` is."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

import yaml

from . import images
from .database import PORT as DATABASE_PORT
from .errors import LocalPlatformError
from .exchange import PORT as EXCHANGE_PORT
from .exchange import ccxt_configuration
from .options import Options
from .paths import Layout
from .users import DISPATCH

BRANCH = "main"
IDENTITY = ("-c", "user.name=bot_freqtrade local platform", "-c", "user.email=platform@localhost.invalid")


class GitOps:
    """The bare repository that Argo CD reads and the playbooks write."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options

    @property
    def url(self) -> str:
        """Where it is: here, or where Argo CD of an existing cluster can read it."""
        cluster = self._options.cluster
        return cluster.gitops_repository if cluster else f"file://{self._layout.gitops}"

    def trust(self) -> str:
        """Git's configuration for users that do not own the repository: Git refuses it to them otherwise."""
        return f"[safe]\n\tdirectory = {self._layout.gitops}\n"

    def publish(self, image: str) -> bool:
        """Make the repository, or bring template and environment in it up to date; False when they are.

        :param image: name and tag of the image that bots run.
        """
        if self._options.cluster is None:
            self._create()
        with tempfile.TemporaryDirectory() as folder:
            clone = Path(folder)
            self._git("clone", "--quiet", self.url, clone)
            self._write(clone, image)
            self._git("add", "--all", directory=clone)
            if not self._git("status", "--porcelain", directory=clone):
                return False
            self._git(*IDENTITY, "commit", "--quiet", "--message", "Take over the template", directory=clone)
            self._git("push", "--quiet", "origin", f"HEAD:{BRANCH}", directory=clone)
        return True

    def application_set(self) -> str:
        """The text of ``argocd-application.yaml`` with this repository's URL in it.

        :raises LocalPlatformError: when the template does not name exactly one repository.
        """
        text = (self._layout.infra / "argocd-application.yaml").read_text(encoding="utf-8")
        placeholders = set(re.findall(r"repoURL: (\S+://\S+)", text))
        if len(placeholders) != 1:
            raise LocalPlatformError(
                f"argocd-application.yaml names {len(placeholders)} repositories instead of one"
            )
        return text.replace(placeholders.pop(), self.url)

    def _create(self) -> None:
        """Make a repository that root owns and the dispatcher may push to."""
        if (self._layout.gitops / "HEAD").exists():
            return
        temporary = self._layout.gitops.with_suffix(".new")
        shutil.rmtree(temporary, ignore_errors=True)
        self._git("init", "--quiet", "--bare", "--shared=group", f"--initial-branch={BRANCH}", temporary)
        self._git("config", "receive.denyNonFastForwards", "true", directory=temporary)
        for path in [temporary, *temporary.rglob("*")]:
            shutil.chown(path, group=DISPATCH.number)
        temporary.rename(self._layout.gitops)

    def _write(self, clone: Path, image: str) -> None:
        shutil.rmtree(clone / "charts", ignore_errors=True)
        shutil.copytree(self._layout.infra / "charts", clone / "charts")
        (clone / "argocd-application.yaml").write_text(self.application_set(), encoding="utf-8")
        environment = yaml.safe_dump(self._environment(image), sort_keys=False)
        (clone / "environment.yaml").write_text(environment, encoding="utf-8")
        (clone / "catalogue.json").write_text(images.catalogue(self._layout), encoding="utf-8")
        (clone / "clientes").mkdir(exist_ok=True)
        (clone / "clientes" / ".gitkeep").touch()

    def _environment(self, image: str) -> dict[str, t.Any]:
        text = (self._layout.infra / "environment.yaml").read_text(encoding="utf-8")
        host = f"{self._options.host_address}/32"
        repository, _, tag = image.rpartition(":")
        own: dict[str, dict[str, t.Any]] = {
            "image": {"repository": repository, "tag": tag, "digest": "", "pullPolicy": "IfNotPresent"},
            "exchange": {"ccxtConfig": ccxt_configuration(self._options)},
            "networkPolicy": {
                "database": {"cidr": host, "port": DATABASE_PORT},
                "egress": [{"cidr": host, "port": EXCHANGE_PORT}],
            },
            "probe": {"periodSeconds": 1},
        }
        environment: dict[str, t.Any] = yaml.safe_load(text)
        for part, values in own.items():
            environment[part] = {**environment.get(part, {}), **values}
        return environment

    def _git(self, *arguments: str | Path, directory: Path | None = None) -> str:
        command = ["git", *(["-C", str(directory)] if directory else []), *map(str, arguments)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise LocalPlatformError(f"{' '.join(command)} failed: {done.stderr.strip()}")
        return done.stdout
