# SPDX-License-Identifier: GPL-3.0-or-later
"""A shell that has said what README.md tells it has the programs and the collection of this checkout."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"`(eval [^`]+)`", README)
OURS = ("PATH", "PYTHONPATH", "MAKE", "MAKEFLAGS", "MAKELEVEL", "ANSIBLE_")


def shell(command: str) -> str:
    """What a command prints in a login's plain environment after the README's line."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    done = subprocess.run(
        ["bash", "-ec", f"{COMMANDS[0]}\n{command}"],
        cwd=ROOT,
        env={**plain, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_says_once_how_a_shell_is_prepared() -> None:
    assert len(COMMANDS) == 1


@pytest.mark.parametrize("program", ["ansible-playbook", "ansible-doc"])
def test_the_shell_has(program: str) -> None:
    assert "/venv-" in shell(f"type -P {program}")


def test_the_shell_finds_the_collection() -> None:
    assert "bot_values" in shell("ansible-doc -t module bot_freqtrade.platform.bot_values")


def test_the_clients_tool_starts() -> None:
    assert "--submit" in shell("infra/client/seal.py --help")
