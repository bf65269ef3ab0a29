# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The root of a GitOps repository, written from the template that ``infra/`` is.

What belongs to the template is replaced at every run: :data:`RENEWED`, and single files of ``.github``.
What belongs to the operator is written once: :data:`KEPT`. Nothing below ``clientes/`` is ever touched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import yaml

from .errors import LocalPlatformError

BRANCH = "main"
RENEWED = ("charts", "image", ".github/scripts")
"""Folders of the template alone: what a former template had in them goes."""
KEPT = ("environment.yaml", "image/catalogue", "catalogue.json")
"""The operator's: the environment of all bots, the strategies of the next image, those of the present one."""
APPLICATIONS = "argocd-application.yaml"
CATALOGUE = "catalogue.json"
MESSAGE = "Take over the template"
_GENERATED = shutil.ignore_patterns("__pycache__", ".*_cache", "*.egg-info", "build")


def write(infra: Path, root: Path, repository: str) -> None:
    """Bring the template's part of a GitOps repository up to date.

    :param infra: the template.
    :param root: the repository's work tree.
    :param repository: URL at which Argo CD reads the repository.
    :raises LocalPlatformError: when the operator's environment leaves something to the clients' files.
    """
    kept = {name for name in KEPT if (root / name).exists()}
    if "environment.yaml" in kept:
        require_whole_environment(infra, root)
    for name in RENEWED:
        _renew(infra / name, root / name, kept)
    shutil.copytree(infra / ".github", root / ".github", dirs_exist_ok=True, ignore=_GENERATED)
    for source, name in ((infra, "environment.yaml"), (root / "image" / "catalogue", CATALOGUE)):
        if not (root / name).exists():
            shutil.copy(source / name, root / name)
    (root / APPLICATIONS).write_text(applications(infra, repository), encoding="utf-8")
    clients = root / "clientes"
    clients.mkdir(exist_ok=True)
    if not any(clients.iterdir()):
        (clients / ".gitkeep").touch()


def applications(infra: Path, repository: str) -> str:
    """The text of ``argocd-application.yaml`` with a repository's URL in it.

    :raises LocalPlatformError: when the template does not name exactly one repository.
    """
    text = (infra / APPLICATIONS).read_text(encoding="utf-8")
    placeholders = _repositories(text)
    if len(placeholders) != 1:
        raise LocalPlatformError(f"{APPLICATIONS} names {len(placeholders)} repositories instead of one")
    return text.replace(placeholders.pop(), repository)


def make(infra: Path, destination: Path, repository: str) -> dict[str, t.Any]:
    """Make a folder the root of a GitOps repository, or bring the template in it up to date, and commit that.

    :param destination: a folder that is empty or not there, or the top of a repository's work tree.
    :param repository: URL at which Argo CD reads the repository; empty takes the one that it names already.
    :returns: whether a commit was made, the commit that the work tree is at, and the URL.
    :raises LocalPlatformError: when there is no URL, the folder holds something else or uncommitted changes.
    """
    _require_own_tree(destination)
    repository = repository or _named_repository(destination)
    if not (destination / ".git").exists():
        git("init", "--quiet", f"--initial-branch={BRANCH}", destination)
    write(infra, destination, repository)
    changed = commit(destination)
    head = git("rev-parse", "HEAD", directory=destination).strip()
    return {"changed": changed, "commit": head, "repository": repository}


def commit(root: Path, *settings: str, message: str = MESSAGE) -> bool:
    """Commit all changes of a work tree; False when there are none.

    :param settings: options of ``git`` itself, such as ``-c user.name=…``.
    """
    git("add", "--all", directory=root)
    if not git("status", "--porcelain", directory=root):
        return False
    git(*settings, "commit", "--quiet", "--message", message, directory=root)
    return True


def require_whole_environment(infra: Path, root: Path) -> None:
    """See that the operator's environment says all that the template's does: it overrides clients' files.

    :raises LocalPlatformError: names what a client's file could decide.
    """
    template, own = (
        yaml.safe_load((folder / "environment.yaml").read_text(encoding="utf-8")) or {}
        for folder in (infra, root)
    )
    if missing := list(_missing(template, own)):
        raise LocalPlatformError(
            f"{root}/environment.yaml lacks {', '.join(missing)}: a client's file could set it. "
            f"{infra}/environment.yaml shows what is usual"
        )


def git(*arguments: str | Path, directory: Path | None = None) -> str:
    """Run Git and return what it prints.

    :raises LocalPlatformError: with what Git says.
    """
    command = ["git", *(["-C", str(directory)] if directory else []), *map(str, arguments)]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise LocalPlatformError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout


def _renew(source: Path, target: Path, kept: set[str]) -> None:
    """Replace a folder, but for the operator's folders in it."""
    own = [target / name.rpartition("/")[2] for name in kept if name.startswith(f"{target.name}/")]
    for path in target.iterdir() if target.is_dir() else ():
        if path in own:
            continue
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if target / path.name in own or path.name in _GENERATED(str(source), [path.name]):
            continue
        if path.is_dir():
            shutil.copytree(path, target / path.name, ignore=_GENERATED)
        else:
            shutil.copy(path, target / path.name)


def _require_own_tree(destination: Path) -> None:
    if (destination / ".git").exists():
        if left := git("status", "--porcelain", directory=destination):
            raise LocalPlatformError(f"{destination} has changes that are not committed:\n{left.rstrip()}")
    elif destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise LocalPlatformError(f"{destination} is neither empty nor the top of a Git repository")


def _named_repository(destination: Path) -> str:
    path = destination / APPLICATIONS
    named = _repositories(path.read_text(encoding="utf-8")) if path.exists() else set()
    if len(named) != 1:
        raise LocalPlatformError(f"No URL is given, and {path} does not name one")
    return named.pop()


def _repositories(text: str) -> set[str]:
    return set(re.findall(r"repoURL: (\S+)", text))


def _missing(template: dict[str, t.Any], own: t.Any, prefix: str = "") -> t.Iterator[str]:
    for name, value in template.items():
        if not isinstance(own, dict) or name not in own:
            yield f"{prefix}{name}"
        elif isinstance(value, dict):
            yield from _missing(value, own[name], f"{prefix}{name}.")
