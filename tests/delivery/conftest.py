# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the workflows, run on this machine: a registry, buildah, Syft and Cosign are real."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import typing as t

import pytest

ROOT: t.Final = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS: t.Final = ROOT / "infra" / ".github" / "scripts"
TOOLS: t.Final = ROOT / "tests" / "delivery" / "tools" / "build.sh"
COMMIT: t.Final = ("-c", "user.name=Tests", "-c", "user.email=tests@example.invalid", "commit", "--quiet")


@dataclasses.dataclass
class Workshop:
    """A folder in which a workflow's steps run, in an environment of its own."""

    folder: pathlib.Path
    environment: dict[str, str]

    def run(self, *command: str | pathlib.Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the folder; what it says is kept."""
        return subprocess.run(
            list(map(str, command)),
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def script(self, name: str, *arguments: str | pathlib.Path, **environment: str) -> str:
        """Run a step's script, which must succeed, and return what it prints."""
        done = self.run(SCRIPTS / name, *arguments, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, name: str, *arguments: str | pathlib.Path, **environment: str) -> str:
        """Run a step's script, which must fail, and return what it says."""
        done = self.run(SCRIPTS / name, *arguments, **environment)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def write(self, name: str, text: str, mode: int = 0o644) -> pathlib.Path:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def program(self, name: str, script: str) -> None:
        """Put a shell script before all other programs of this name."""
        self.write(f"bin/{name}", f"#!/usr/bin/env bash\nset -euo pipefail\n{script}\n", 0o755)


def new_workshop(folder: pathlib.Path) -> Workshop:
    """A Git repository with one commit, whose programs find no setting and no login of the developer."""
    environment = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "BUILDAH_ISOLATION": "chroot",
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        # No server: what cannot be asked is not waited for.
        "TUF_MIRROR": "http://127.0.0.1:9",
    }
    made = Workshop(folder, environment)
    roots = f'graphroot = "{folder / "graph"}"\nrunroot = "{folder / "run"}"\n'
    made.write("storage.conf", f'[storage]\ndriver = "vfs"\n{roots}')
    for command in (("init", "--quiet", "--initial-branch=main"), (*COMMIT, "--allow-empty", "-m", "Begin")):
        assert made.run("git", *command).returncode == 0
    return made


@pytest.fixture
def workshop(tmp_path: pathlib.Path) -> Workshop:
    """A workshop of the test's own."""
    return new_workshop(tmp_path)


@pytest.fixture(scope="session")
def tool() -> t.Callable[[str], pathlib.Path]:
    """Gives the path of a program that is built from a pinned Go module, once on a machine."""

    def build(name: str) -> pathlib.Path:
        done = subprocess.run([TOOLS, name], stdout=subprocess.PIPE, text=True, check=True)
        return pathlib.Path(done.stdout.strip()) / name

    return build
