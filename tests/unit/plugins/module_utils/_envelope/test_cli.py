# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import hashlib
import json
import pathlib
import subprocess
import sys

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import KeyStore, _cli


@pytest.mark.parametrize("suite", [1, 2])
def test_keygen_prints_the_public_part_only(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], suite: int
) -> None:
    assert _cli.main(["keygen", str(tmp_path / "keys"), "--suite", str(suite)]) == 0
    printed = capsys.readouterr().out
    public = json.loads(printed)
    key = KeyStore(tmp_path / "keys").private_key(bytes.fromhex(public["key_id"][2:]))
    assert public["suite"] == suite
    assert public["public_key"] == "0x" + key.public_key.hex()
    assert public["fingerprint"] == hashlib.sha256(key.public_key).hexdigest()
    published = pathlib.Path(public["public_key_file"]).read_text()
    assert bytes.fromhex(published) == key.public_key
    assert key.seed.hex() not in printed + published


def test_keygen_says_why_it_cannot_write(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert _cli.main(["keygen", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.startswith("usage: Cannot create the key file")


def test_export_writes_the_schema(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _cli.main(["export", str(tmp_path / "schema.json")]) == 0
    assert _cli.main(["export"]) == 0
    assert (tmp_path / "schema.json").read_text() == capsys.readouterr().out == _cli.export_schema()


def test_a_missing_library_is_named_and_not_a_traceback(tmp_path: pathlib.Path) -> None:
    """The modules import without the libraries; only their use fails."""
    program = f"""
import sys
for name in ("cryptography", "Crypto", "jsonschema"):
    sys.modules[name] = None
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _envelope
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
for work in (
    lambda: _envelope.KeyStore({str(tmp_path)!r}).generate(),
    lambda: _envelope.keccak256(b""),
    lambda: _envelope.check_specification({{}}),
):
    try:
        work()
    except PlatformError as error:
        print(error.code, error.message.split()[3])
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [code for code, _library in lines] == ["library_missing"] * 3
    assert [library.split(".")[0] for _code, library in lines] == ["cryptography", "Crypto", "jsonschema"]
