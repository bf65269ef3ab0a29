# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate that has passed is not run again for the same contents, and only then."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import typing as t

import pytest

ONCE = pathlib.Path(__file__).parents[2] / "gates" / "once.sh"
Run = t.Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """A repository with one file, outside of which runs are counted."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "input").write_text("one")
    (folder / "other").write_text("one")
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


@pytest.fixture
def once(tree: pathlib.Path, tmp_path: pathlib.Path) -> Run:
    """Runs a gate that counts its runs and ends with a code."""

    def run(code: int = 0, path: str = "input", **environment: str) -> subprocess.CompletedProcess[str]:
        gate = [
            "sh",
            "-c",
            'echo ran >>"$1"; exit "$(cat "$2")"',
            "gate",
            tmp_path / "runs",
            tmp_path / "code",
        ]
        (tmp_path / "code").write_text(str(code))
        return subprocess.run(
            [ONCE, "gate", path, "--", *gate],
            cwd=tree,
            capture_output=True,
            text=True,
            env={**os.environ, "AGAIN": "", "XDG_CACHE_HOME": str(tmp_path / "cache"), **environment},
        )

    return run


@pytest.fixture
def runs(tmp_path: pathlib.Path) -> t.Callable[[], int]:
    """How often the gate ran."""
    return lambda: len((tmp_path / "runs").read_text().splitlines())


def test_says_that_the_same_contents_have_passed(once: Run, runs: t.Callable[[], int]) -> None:
    assert once().returncode == 0
    assert "passed on this machine" in once().stdout
    assert runs() == 1


def test_runs_again_after_a_failure(once: Run, runs: t.Callable[[], int]) -> None:
    assert once(code=3).returncode == 3
    assert once().returncode == 0
    assert runs() == 2


def test_runs_again_for_other_contents(once: Run, runs: t.Callable[[], int], tree: pathlib.Path) -> None:
    once()
    (tree / "input").write_text("two")
    once()
    (tree / "other").write_text("two")
    once()
    assert runs() == 2


def test_runs_again_when_told_to(once: Run, runs: t.Callable[[], int]) -> None:
    once()
    once(AGAIN="1")
    assert runs() == 2


def test_runs_again_in_another_environment(
    once: Run, runs: t.Callable[[], int], tmp_path: pathlib.Path
) -> None:
    once()
    other = tmp_path / "venv-other"
    other.mkdir()
    (other / "python").symlink_to(shutil.which("python") or "python")
    once(PATH=f"{other}:{os.environ['PATH']}")
    assert runs() == 2


def test_refuses_inputs_that_are_not_there(once: Run) -> None:
    run = once(path="nowhere")
    assert run.returncode == 2
    assert "nowhere is not there" in run.stderr
