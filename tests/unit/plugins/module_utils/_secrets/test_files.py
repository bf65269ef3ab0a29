# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Which files of a host may become a Secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import read_files


def secret(path: Path, content: bytes = b"text\n", mode: int = 0o600) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_named_files_and_those_of_a_folder_come_along_as_they_are(tmp_path: Path) -> None:
    secret(tmp_path / "keys" / "1a2b3c4d.key", b"one\n")
    secret(tmp_path / "keys" / ".hidden")
    found = read_files({"pgpass": secret(tmp_path / "a", b"two \n")}, str(tmp_path / "keys"))
    assert found == {"1a2b3c4d.key": "one\n", "pgpass": "two \n"}


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (b" \n", 0o600, "is empty"),
        (b"\xff\xfe", 0o600, "is no text"),
        (b"x" * 65537, 0o600, "has more than 65536 bytes"),
        (b"canary", 0o640, "has mode 0640"),
        (b"canary", 0o604, "has mode 0604"),
    ],
)
def test_a_file_that_cannot_be_kept_is_named(tmp_path: Path, content: bytes, mode: int, says: str) -> None:
    path = secret(tmp_path / "file", content, mode)
    with pytest.raises(PlatformError) as caught:
        read_files({"key": path}, None)
    assert (caught.value.code, path in caught.value.message) == ("usage", True)
    assert says in caught.value.message
    assert "canary" not in caught.value.message


def test_of_a_folder_only_what_fits_the_pattern_comes_along(tmp_path: Path) -> None:
    secret(tmp_path / "1a2b3c4d.key")
    secret(tmp_path / "1a2b3c4d.pub", mode=0o644)
    assert set(read_files({}, str(tmp_path), "*.key")) == {"1a2b3c4d.key"}


@pytest.mark.parametrize("key", ["", "../up", "a/b", ".hidden", "ä"])
def test_a_key_that_is_no_file_name_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(PlatformError, match="cannot have the key"):
        read_files({key: secret(tmp_path / "file")}, None)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=f"Cannot read the file {tmp_path}/nothing"):
        read_files({"key": f"{tmp_path}/nothing"}, None)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="There is no file to keep that fits"):
        read_files({}, str(tmp_path))
