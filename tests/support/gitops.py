# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A bare GitOps repository made from the template, for tests and benchmarks."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import subprocess

INFRA = pathlib.Path(__file__).parents[2] / "infra"
_ENVIRONMENT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "tests",
    "GIT_AUTHOR_EMAIL": "tests@bot-freqtrade.invalid",
    "GIT_COMMITTER_NAME": "tests",
    "GIT_COMMITTER_EMAIL": "tests@bot-freqtrade.invalid",
}


@dataclasses.dataclass(frozen=True)
class Origin:
    """The remote repository, and a work tree in which a test plays another writer."""

    bare: pathlib.Path
    work: pathlib.Path

    @classmethod
    def create(cls, directory: pathlib.Path) -> Origin:
        """Make a repository with the chart's schema and one commit on main."""
        origin = cls(directory / "origin.git", directory / "work")
        directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(origin.bare)], check=True)
        schema = origin.work / "charts" / "freqtrade" / "values.schema.json"
        schema.parent.mkdir(parents=True)
        shutil.copy(INFRA / "charts" / "freqtrade" / schema.name, schema)
        origin.git("init", "--quiet", "-b", "main")
        origin.git("add", ".")
        origin.git("commit", "--quiet", "-m", "Begin")
        origin.git("push", "--quiet", origin.url, "main")
        return origin

    @property
    def url(self) -> str:
        return self.bare.as_uri()

    def git(self, *arguments: str) -> str:
        """Run git in the work tree."""
        command = ["git", "-C", str(self.work), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=_ENVIRONMENT).stdout

    def commit(self, path: str, text: str) -> str:
        """Commit one file as another writer would, on top of what is there."""
        self.git("pull", "--quiet", "--rebase", self.url, "main")
        (self.work / path).parent.mkdir(parents=True, exist_ok=True)
        (self.work / path).write_text(text, encoding="utf-8")
        self.git("add", "--", path)
        self.git("commit", "--quiet", "-m", f"Write {path}")
        self.git("push", "--quiet", self.url, "main")
        return self.git("rev-parse", "HEAD").strip()

    def log(self, form: str = "%H", *paths: str) -> list[str]:
        """Return one formatted entry per commit of main, newest first."""
        options = ["-z", f"--format=tformat:{form}"]
        command = ["git", f"--git-dir={self.bare}", "log", *options, "main", "--", *paths]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [entry.strip() for entry in printed.split("\0")[:-1]]

    def read(self, path: str) -> str:
        """Return a file of main."""
        command = ["git", f"--git-dir={self.bare}", "show", f"main:{path}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


__all__ = ("Origin",)
