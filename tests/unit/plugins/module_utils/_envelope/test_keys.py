# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import hashlib
import os
import pathlib
import pickle
import stat
import threading

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    KeyStore,
    PrivateKey,
    key_id_of,
    read_private_key,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError


def path_of(keystore: KeyStore, key: PrivateKey) -> pathlib.Path:
    return keystore.directory / f"{key.key_id.hex()}.key"


def test_a_key_comes_back_from_its_file(keystore: KeyStore, key: PrivateKey) -> None:
    read = keystore.private_key(key.key_id)
    assert (read.suite, read.seed, read.public_key) == (key.suite, key.seed, key.public_key)
    assert keystore.key_ids() == [key.key_id]


def test_a_key_id_is_the_start_of_the_hash_of_the_public_key(key: PrivateKey) -> None:
    assert key.key_id == key_id_of(key.public_key) == hashlib.sha256(key.public_key).digest()[:4]
    assert len(key.public_key) == key.suite.public_length


def test_key_file_and_directory_are_their_owners_alone(keystore: KeyStore, key: PrivateKey) -> None:
    assert stat.S_IMODE(path_of(keystore, key).stat().st_mode) == 0o600
    assert stat.S_IMODE(keystore.directory.stat().st_mode) == 0o700


def test_an_open_umask_opens_no_key_file(keystore: KeyStore) -> None:
    before = os.umask(0)
    try:
        created = keystore.generate(1)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path_of(keystore, created).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_key_file_open_to_others_is_refused(keystore: KeyStore, mode: int) -> None:
    key = keystore.generate(1)
    path_of(keystore, key).chmod(mode)
    with pytest.raises(PlatformError, match=f"has mode {mode:04o}") as caught:
        keystore.private_key(key.key_id)
    assert caught.value.code == "usage"


def test_a_read_only_key_file_is_accepted(keystore: KeyStore) -> None:
    key = keystore.generate(1)
    path_of(keystore, key).chmod(0o400)
    assert keystore.private_key(key.key_id).seed == key.seed


def test_an_existing_key_file_is_never_replaced(keystore: KeyStore, key: PrivateKey) -> None:
    path = path_of(keystore, key)
    path.write_text("somebody's key")
    with pytest.raises(PlatformError, match="File exists"):
        keystore.add(key)
    assert path.read_text() == "somebody's key"
    assert os.listdir(keystore.directory) == [path.name]


def test_a_failed_write_leaves_nothing(keystore: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PlatformError, match="No space left on device"):
        keystore.generate(1)
    assert os.listdir(keystore.directory) == []


def test_of_writers_of_one_key_only_one_succeeds(keystore: KeyStore) -> None:
    key = PrivateKey.generate(1)
    outcomes: list[str] = []

    def add() -> None:
        try:
            keystore.add(key)
            outcomes.append("written")
        except PlatformError:
            outcomes.append("refused")

    threads = [threading.Thread(target=add) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("written") == 1
    assert len(outcomes) == 8


def test_an_absent_key_beside_others_is_the_clients_error(keystore: KeyStore) -> None:
    keystore.generate(1)
    with pytest.raises(PlatformError) as caught:
        keystore.private_key(b"none")
    assert caught.value.code == "key_unknown"


def test_a_directory_that_is_absent_or_empty_is_the_platforms_error(keystore: KeyStore) -> None:
    for _kind in ("absent", "empty"):
        with pytest.raises(PlatformError) as caught:
            keystore.private_key(b"none")
        assert caught.value.code == "usage"
        keystore.directory.mkdir(exist_ok=True)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"suite": 1}',
        '{"suite": 9, "private_key": "' + "00" * 32 + '"}',
        '{"suite": 1, "private_key": "00"}',
        '{"suite": 1, "private_key": "not hex"}',
        '{"suite": 1, "private_key": 7}',
        '{"suite": [1], "private_key": "' + "00" * 32 + '"}',
        "\xff",
    ],
)
def test_a_damaged_key_file_is_named_and_not_quoted(keystore: KeyStore, content: str) -> None:
    key = keystore.generate(1)
    path_of(keystore, key).write_text(content, encoding="latin-1")
    with pytest.raises(PlatformError, match="is damaged") as caught:
        keystore.private_key(key.key_id)
    assert caught.value.__context__ is None


def test_a_file_that_holds_another_key_is_refused(keystore: KeyStore) -> None:
    first, second = keystore.generate(1), keystore.generate(1)
    path_of(keystore, first).write_bytes(path_of(keystore, second).read_bytes())
    with pytest.raises(PlatformError, match=f"holds the key {second.key_id.hex()}"):
        keystore.private_key(first.key_id)


def test_other_files_in_the_directory_are_no_keys(keystore: KeyStore, key: PrivateKey) -> None:
    for name in (".12345678.key.0011", "12345678.key.bak", "XYZ.key", "12345678"):
        (keystore.directory / name).write_text("")
    assert keystore.key_ids() == [key.key_id]


def test_an_absent_file_is_a_usage_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(PlatformError, match="No such file") as caught:
        read_private_key(tmp_path / "absent.key")
    assert caught.value.code == "usage"


@pytest.mark.parametrize(("suite", "length"), [(0, 32), (3, 32), (1, 31), (2, 64)])
def test_no_key_is_made_from_another_suite_or_length(suite: int, length: int) -> None:
    with pytest.raises(PlatformError):
        PrivateKey(suite, bytes(length))


def test_a_private_key_shows_its_id_and_is_never_pickled(key: PrivateKey) -> None:
    assert repr(key) == str(key) == f"PrivateKey(suite={key.suite:d}, key_id={key.key_id.hex()})"
    with pytest.raises(TypeError):
        pickle.dumps(key)
