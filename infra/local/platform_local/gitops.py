# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The GitOps repository, made from the template that ``infra/`` is."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import typing as t
from pathlib import Path

import yaml

from . import access, aws, gitops_root, images
from .database import PORT as DATABASE_PORT
from .errors import LocalPlatformError
from .exchange import PORT as EXCHANGE_PORT
from .exchange import ccxt_configuration
from .gitops_root import BRANCH, git
from .options import Options
from .paths import PYTHON, Layout
from .supervisor import Program
from .users import DISPATCH

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

    def program(self) -> Program:
        """What keeps a killed push from ending all others."""
        script = self._layout.infra / "local" / "git_locks.py"
        return Program("git-locks", (PYTHON, script, self._layout.gitops))

    def publish(self, image: str) -> bool:
        """Make the repository, or bring template and environment in it up to date; False when they are.

        :param image: name and tag of the image that bots run.
        """
        if self._options.cluster is None:
            self._create()
        with self._clone() as clone:
            self._write(clone, image)
            return self._push(clone)

    def require_unused(self) -> None:
        """See that the repository has no clients yet: their commands begin anew with a new chain.

        :raises LocalPlatformError: names them.
        """
        with self._clone() as clone:
            if clients := _clients(clone):
                names = ", ".join(path.name for path in clients)
                raise LocalPlatformError(
                    f"The GitOps repository has clients already: {names}. Name another one"
                )

    def remove_clients(self) -> None:
        """Take the clients' files away; the history keeps them."""
        with self._clone() as clone:
            for path in _clients(clone):
                shutil.rmtree(path)
            self._push(clone, "Remove the clients of a local platform")

    def application_set(self) -> str:
        """The text of ``argocd-application.yaml`` with this repository's URL in it."""
        return gitops_root.applications(self._layout.infra, self.url)

    @contextlib.contextmanager
    def _clone(self) -> t.Iterator[Path]:
        """A work tree of the branch, which is empty when there is none yet."""
        with tempfile.TemporaryDirectory() as folder:
            there = git("ls-remote", "--heads", self.url, BRANCH)
            git("clone", "--quiet", *(["--branch", BRANCH] if there else []), self.url, folder)
            yield Path(folder)

    def _push(self, clone: Path, message: str = gitops_root.MESSAGE) -> bool:
        """Commit and push what was changed in a work tree; False when nothing was."""
        if not gitops_root.commit(clone, *IDENTITY, message=message):
            return False
        git("push", "--quiet", "origin", f"HEAD:{BRANCH}", directory=clone)
        return True

    def _create(self) -> None:
        """Make a repository that root owns and the dispatcher may push to."""
        if (self._layout.gitops / "HEAD").exists():
            return
        temporary = self._layout.gitops.with_suffix(".new")
        shutil.rmtree(temporary, ignore_errors=True)
        git("init", "--quiet", "--bare", "--shared=group", f"--initial-branch={BRANCH}", temporary)
        git("config", "receive.denyNonFastForwards", "true", directory=temporary)
        for path in [temporary, *temporary.rglob("*")]:
            shutil.chown(path, group=DISPATCH.number)
        temporary.rename(self._layout.gitops)

    def _write(self, clone: Path, image: str) -> None:
        """Write the root as an operator gets it, then what an operator would change for this host."""
        gitops_root.write(self._layout.infra, clone, self.url)
        environment = yaml.safe_dump(self._environment(image), sort_keys=False)
        (clone / "environment.yaml").write_text(environment, encoding="utf-8")
        (clone / gitops_root.CATALOGUE).write_text(images.catalogue(self._layout), encoding="utf-8")

    def _environment(self, image: str) -> dict[str, t.Any]:
        text = (self._layout.infra / "environment.yaml").read_text(encoding="utf-8")
        host = f"{self._options.host_address}/32"
        own: dict[str, dict[str, t.Any]] = {
            "image": {**(images.parts(image) or {}), "pullPolicy": "IfNotPresent"},
            "exchange": {"ccxtConfig": [ccxt_configuration(self._options)]},
            "networkPolicy": {
                "database": {"cidr": host, "port": DATABASE_PORT},
                "egress": [{"cidr": host, "port": EXCHANGE_PORT}],
            },
            "probe": {"periodSeconds": 2},
            "playbooks": {"subjects": access.subjects(self._options.cluster)},
            "externalSecrets": aws.bots_environment() if self._options.external_secrets else {},
        }
        environment: dict[str, t.Any] = yaml.safe_load(text)
        for part, values in own.items():
            environment[part] = {**environment.get(part, {}), **values}
        return environment


def _clients(root: Path) -> list[Path]:
    return sorted((root / "clientes").glob("cliente-*"))
