# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

from pathlib import Path

import pytest
from platform_local import cache


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def _make(folder: Path) -> None:
    (folder / "artifact").write_text("made", encoding="utf-8")


def test_an_artifact_is_built_once() -> None:
    first, built = cache.ensure("thing", "k1", _make)
    second, again = cache.ensure("thing", "k1", lambda folder: pytest.fail("built twice"))
    assert (first, built, again) == (second, True, False)
    assert (first / "artifact").read_text(encoding="utf-8") == "made"


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        _make(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.ensure("thing", "k1", interrupted)
    assert [path.name for path in (tmp_path / "bot_freqtrade").iterdir()] == [".thing.lock"]


def test_what_a_killed_build_left_is_not_taken_for_an_artifact(tmp_path: Path) -> None:
    unfinished = tmp_path / "bot_freqtrade" / ".thing-k1.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "half").touch()
    folder, _built = cache.ensure("thing", "k1", _make)
    assert [path.name for path in folder.iterdir()] == ["artifact"]


def test_the_hash_knows_contents_names_and_borders(tmp_path: Path) -> None:
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "a").write_text("1", encoding="utf-8")
    seen = {cache.content_hash(folder), cache.content_hash("ab", "c"), cache.content_hash("a", "bc")}
    (folder / "a").write_text("2", encoding="utf-8")
    seen.add(cache.content_hash(folder))
    (folder / "a").rename(folder / "b")
    seen.add(cache.content_hash(folder))
    assert len(seen) == 5


def test_bytecode_does_not_count(tmp_path: Path) -> None:
    before = cache.content_hash(tmp_path)
    (tmp_path / "module.pyc").touch()
    assert cache.content_hash(tmp_path) == before
