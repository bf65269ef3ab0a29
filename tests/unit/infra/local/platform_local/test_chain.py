# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The chain's programs come from the contract's toolchain, installed once for all checkouts."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from platform_local.chain import Chain
from platform_local.errors import LocalPlatformError
from platform_local.paths import Layout

CONTRACTS = Layout.here().infra / "contracts"
FILES = ("package.json", "package-lock.json", ".npmrc", "scripts/toolchain.sh")


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and a program in npm's place; returns the file in which it notes its calls."""
    calls, program = tmp_path / "calls", tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{calls}\nmkdir -p node_modules/.bin\n[ ! -e {tmp_path}/broken ]\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return calls


def checkout(folder: Path) -> Chain:
    """The chain of another checkout."""
    for name in FILES:
        copy = folder / "infra" / "contracts" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CONTRACTS / name, copy)
    return Chain(Layout(folder))


def test_npm_installs_once_for_all_checkouts(npm: Path, tmp_path: Path) -> None:
    folder, made = checkout(tmp_path / "first").ensure_tools()
    assert made
    assert checkout(tmp_path / "first").ensure_tools() == (folder, False)
    assert checkout(tmp_path / "second").ensure_tools() == (folder, False)
    assert len(npm.read_text().splitlines()) == 1
    assert (folder / "package-lock.json").read_bytes() == (CONTRACTS / "package-lock.json").read_bytes()


def test_another_lock_file_installs_anew(npm: Path, tmp_path: Path) -> None:
    folder, _made = checkout(tmp_path / "first").ensure_tools()
    chain = checkout(tmp_path / "second")
    with (tmp_path / "second" / "infra" / "contracts" / "package-lock.json").open("a") as file:
        file.write("\n")
    assert chain.ensure_tools()[0] != folder
    assert len(npm.read_text().splitlines()) == 2


def test_the_listeners_user_may_run_what_was_installed(npm: Path, tmp_path: Path) -> None:
    folder, _made = checkout(tmp_path / "first").ensure_tools()
    folder.chmod(0o700)
    checkout(tmp_path / "first").ensure_tools()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_failed_installation_is_told_and_leaves_nothing(npm: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises(LocalPlatformError, match=r"toolchain\.sh failed"):
        checkout(tmp_path / "first").ensure_tools()
    assert list((tmp_path / "cache" / "bot_freqtrade").iterdir()) == []


def test_a_wallet_without_a_platform_is_refused_and_not_made(tmp_path: Path) -> None:
    chain, key = Chain(Layout(tmp_path)), tmp_path / "wallet.key"
    with pytest.raises(LocalPlatformError, match="make demo-up"):
        chain.register([key])
    assert not key.exists()
