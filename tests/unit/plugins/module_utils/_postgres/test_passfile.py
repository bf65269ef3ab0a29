# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres import (
    Login,
    Passfile,
    connect,
)
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import Server

LOGIN = Login("db.example.com", 5432, "platform_admin", "freqtrade_multi")


def _file(path: Path, text: str, mode: int = 0o600) -> str:
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("", None),
        ("db.example.com:5432:*:platform_admin:first\n*:*:*:*:second\n", "first"),
        ("db.example.com:5433:*:platform_admin:other\n*:*:*:*:second", "second"),
        ("# db.example.com:5432:*:platform_admin:comment\n\nshort:line\n", None),
        ("*:*:freqtrade_multi:platform_admin:with\\:colon\\\\", "with:colon\\"),
        ("*:*:another:platform_admin:other", None),
    ],
)
def test_the_first_line_that_fits_is_taken(tmp_path: Path, text: str, password: str | None) -> None:
    assert Passfile(_file(tmp_path / "pgpass", text)).password(LOGIN) == password


def test_a_password_is_kept_before_the_lines_of_others(tmp_path: Path) -> None:
    path = _file(tmp_path / "pgpass", "*:*:*:other:theirs\ndb.example.com:5432:*:platform_admin:old\n")
    Passfile(path).keep(LOGIN, "new:\\")
    assert Path(path).read_text() == "db.example.com:5432:*:platform_admin:new\\:\\\\\n*:*:*:other:theirs\n"
    assert Passfile(path).password(LOGIN) == "new:\\"


def test_a_new_file_belongs_to_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "pgpass"
    Passfile(str(path)).keep(LOGIN, "secret")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [each.name for each in path.parent.iterdir()] == ["pgpass"]


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(PlatformError, match="open to others") as caught:
        Passfile(_file(tmp_path / "pgpass", "*:*:*:*:secret", mode))
    assert caught.value.code == "usage"


@pytest.mark.parametrize("content", [b"\xff\xfe", None], ids=["not UTF-8", "a folder"])
def test_what_is_no_password_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "pgpass"
    if content is None:
        path.mkdir(mode=0o700)
    else:
        path.touch(mode=0o600)
        path.write_bytes(content)
    with pytest.raises(PlatformError, match="Cannot read"):
        Passfile(str(path))


def test_a_file_in_no_folder_of_ours_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PlatformError, match=r"Cannot (read|write)"):
        Passfile(str(tmp_path / "file" / "pgpass")).keep(LOGIN, "secret")


def test_libpq_logs_in_with_what_is_kept(postgres_18: Server, tmp_path: Path) -> None:
    login = Login(postgres_18.host, postgres_18.port, "passfile_test", "postgres")
    with postgres_18.superuser() as cursor:
        cursor.execute("CREATE ROLE passfile_test LOGIN SUPERUSER PASSWORD 'odd:pass\\word'")
    path = str(tmp_path / "pgpass")
    Passfile(path).keep(login, "odd:pass\\word")
    try:
        with connect(Login(**{**vars(login), "passfile": path})) as connection:
            assert connection.status == psycopg2.extensions.STATUS_READY
    finally:
        with postgres_18.superuser() as cursor:
            cursor.execute("DROP ROLE passfile_test")
