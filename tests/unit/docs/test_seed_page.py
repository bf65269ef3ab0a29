# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The table of the seed names files that are there, and tests that a target of the Makefile runs."""

from __future__ import annotations

import functools
import itertools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "seed.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in TEXT.splitlines() if line.startswith("| ") and "**" not in line][2:]


def named(*texts: str) -> list[str]:
    """Paths that the cells of a row name; a target of make is none."""
    return sorted({path for text in texts for path in re.findall(r"`(?!make )([^`]+)`", text)})


PATHS = named(*itertools.chain.from_iterable(row[1:] for row in ROWS))
TESTS = named(*(row[2] for row in ROWS))
FILES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "tests").rglob("test_*.py")
    if not {"output", "node_modules"} & set(path.parts)
)
KINDS = {".py", ".sol", ".yml"}
"""Endings of the files in which a folder's tests are."""
TOLD_OTHERWISE = {
    "infra/contracts/test": "infra/contracts/scripts/build.sh",
    "infra/terraform/tests": "tests/gates/terraform.sh",
    "tests/integration/targets": "tests/integration/run.py",
    "tests/monitoring": "tests/gates/monitoring.sh",
}
"""Programs that find their tests by themselves."""
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
APART = ("external-secrets", "existing-cluster", "listener-in-cluster")
"""Targets that the target test leaves out."""


def recipe(target: str) -> str:
    """The lines of a target in the Makefile."""
    found = re.search(rf"^{target}:.*\n(?:\t.*\n)+", MAKEFILE, re.MULTILINE)
    assert found, f"there is no target {target}"
    return found[0]


def commands(makefile: str) -> str:
    """What targets run, with the text of the shell scripts in it; without what only decides whether."""
    text = re.sub(r"\$\(ONCE\).* -- |.*--collect-only.*", "", makefile)
    scripts = set(re.findall(r"\b(?:tests|infra)/[\w./-]+\.sh\b", text))
    whole = "\n".join([text, *((ROOT / name).read_text(encoding="utf-8") for name in scripts)])
    return re.sub(r"^product=\([^)]*\)|^mapfile -t helpers.*$", "", whole, flags=re.MULTILINE)


COMMANDS = commands(MAKEFILE)
TOGETHER = commands(functools.reduce(lambda text, target: text.replace(recipe(target), ""), APART, MAKEFILE))
"""What is run without these targets."""


def runs(path: str, text: str = COMMANDS) -> bool:
    """Whether a command names the path, a folder that holds it, or the program that runs such tests."""
    folders = [path, *(str(folder) for folder in pathlib.PurePath(path).parents if len(folder.parts) > 1)]
    wanted = [TOLD_OTHERWISE.get(name, name) for name in folders]
    return any(re.search(rf"(?<![\w./=-]){re.escape(name)}(?![\w/-]|\.\w)", text) for name in wanted)


@pytest.mark.parametrize("path", PATHS)
def test_what_the_table_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", TESTS)
def test_what_the_table_calls_a_test_holds_one_and_a_target_runs_it(path: str) -> None:
    found = ROOT / path
    files = [each for each in found.rglob("*") if each.suffix in KINDS] if found.is_dir() else [found]
    texts = [each.read_text(encoding="utf-8") for each in files]
    holds = (
        r'^def test_|^run "|function test|builtin\.assert|alert_rule_test|^set -euo pipefail|sys\.exit\(main'
    )
    assert any(re.search(holds, text, re.MULTILINE) for text in texts)
    assert runs(path)


@pytest.mark.parametrize("path", FILES)
def test_every_test_of_this_repository_belongs_to_a_target(path: str) -> None:
    assert runs(path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_the_table_says_how_to_run_what_make_test_leaves_out(row: list[str]) -> None:
    left_out = [path for path in named(row[2]) if not runs(path, TOGETHER)]
    wanted = {target for path in left_out for target in APART if path in recipe(target)}
    assert set(re.findall(r"`make ([\w-]+)`", row[2])) == wanted
    assert all(any(path in recipe(target) for target in wanted) for path in left_out)


def test_every_element_that_is_there_has_a_test() -> None:
    without = [row[0].strip() for row in ROWS if "test" not in row[2]]
    assert without == ["`POD_FREQTRADE_BACK_TEST`"]
