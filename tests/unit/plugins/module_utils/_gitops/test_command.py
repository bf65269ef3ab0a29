# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import os
import pathlib
import time

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.command import (
    Access,
    Deadline,
    Git,
    GitFailed,
    redact,
)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("fatal: https://user:pa%40ss@host/x.git not found", "fatal: https://host/x.git not found"),
        ("fatal: ssh://git@host/x.git", "fatal: ssh://host/x.git"),
        ("one\n\ntwo\nthree\nfour", "one; two; three"),
        ("x" * 900, "x" * 400),
    ],
)
def test_messages_carry_no_credentials_and_stay_short(text: str, redacted: str) -> None:
    assert redact(text) == redacted


def test_git_sees_no_setting_of_the_user_and_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_ASKPASS", "/bin/ask")
    environment = Access().environment()
    assert "GIT_DIR" not in environment
    assert "GIT_ASKPASS" not in environment
    assert environment["GIT_TERMINAL_PROMPT"] == "0"
    assert environment["GIT_CONFIG_GLOBAL"] == os.devnull
    assert environment["LC_ALL"] == "C"
    assert "ext" not in environment["GIT_ALLOW_PROTOCOL"].split(":")


def test_an_ssh_key_is_used_alone_and_its_path_is_quoted() -> None:
    ssh = Access(ssh_key_file="/keys/a b").environment()["GIT_SSH_COMMAND"]
    assert "-i '/keys/a b' -o IdentitiesOnly=yes" in ssh
    assert "StrictHostKeyChecking" not in ssh


def test_the_credential_helper_reaches_git(tmp_path: pathlib.Path) -> None:
    git = Git(str(tmp_path), Access(credential_helper="store --file /x").environment())
    printed = git.run("config", "--get", "credential.helper", deadline=Deadline.after(10))
    assert printed == "store --file /x\n"


def test_a_git_that_hangs_ends_at_the_deadline_with_its_children(tmp_path: pathlib.Path) -> None:
    child = tmp_path / "child"
    environment = Access().environment() | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "alias.hang",
        "GIT_CONFIG_VALUE_0": f"!sleep 60 & echo $! > {child}; wait",
    }
    begin = time.monotonic()
    with pytest.raises(GitFailed, match="git hang ran out of time"):
        Git(str(tmp_path), environment).run("hang", deadline=Deadline.after(0.5))
    assert time.monotonic() - begin < 5
    assert is_gone(int(child.read_text()))


def is_gone(pid: int) -> bool:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_host_without_git_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlatformError) as caught:
        Git(str(tmp_path), Access().environment()).run("version", deadline=Deadline.after(1))
    assert caught.value.code == "library_missing"
