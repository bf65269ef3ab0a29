# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The envelope against an independent implementation of HPKE: npm's @hpke/core, in both directions."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    PrivateKey,
    Provenance,
    key_id_of,
    open_sealed,
    seal,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

HERE = pathlib.Path(__file__).parent
VECTORS = json.loads((HERE.parents[2] / "docs" / "vectors" / "envelope.json").read_text(encoding="utf-8"))
START = json.loads(VECTORS["vectors"][1]["plaintext"])
Json = dict[str, t.Any]
Node = t.Callable[..., list[t.Any]]


def installed_modules() -> pathlib.Path:
    """Return the folder of the pinned npm packages, kept in the user's cache by the hash of the lock file."""
    files = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "bot_freqtrade"
    home = cache / f"envelope-interop-{digest}"
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=cache, prefix="envelope-fresh-", ignore_cleanup_errors=True
        ) as name:
            fresh = pathlib.Path(name) / "home"
            fresh.mkdir()
            for file in files:
                shutil.copy(file, fresh)
            subprocess.run(["npm", "ci", "--loglevel", "error"], cwd=fresh, check=True, timeout=240)
            try:
                fresh.rename(home)
            except OSError:
                assert home.exists()
    return home / "node_modules"


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """Return a function that has envelope.mjs answer a list of requests."""
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(HERE / "envelope.mjs", folder)
    (folder / "node_modules").symlink_to(installed_modules())

    def answer(*requests: Json) -> list[t.Any]:
        result = subprocess.run(
            ["node", "envelope.mjs"],
            cwd=folder,
            input=json.dumps(requests),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        answers: list[t.Any] = json.loads(result.stdout)
        return answers

    return answer


@pytest.fixture(params=[1, 2], ids=["x25519", "x-wing"])
def key(request: pytest.FixtureRequest) -> PrivateKey:
    return PrivateKey.generate(request.param)


@pytest.fixture
def provenance(key: PrivateKey) -> Provenance:
    return Provenance(31337, "0x" + "ab" * 20, 1, "0x" + "cd" * 20, 7, key.key_id)


def public(provenance: Provenance) -> Json:
    return dataclasses.asdict(provenance) | {"key_id": "0x" + provenance.key_id.hex()}


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_javascript_opens_what_python_sealed(node: Node, key: PrivateKey, provenance: Provenance) -> None:
    payload = seal(START, key.public_key, provenance.binding(key.suite))
    (text,) = node(
        {
            "operation": "open",
            "suite": int(key.suite),
            "private_key": key.seed.hex(),
            "provenance": public(provenance),
            "payload": payload.hex(),
        }
    )
    assert json.loads(text) == START
    assert len(text) % 256 == 0


def test_python_opens_what_javascript_sealed(node: Node, key: PrivateKey, provenance: Provenance) -> None:
    (payload,) = node(
        {
            "operation": "seal",
            "suite": int(key.suite),
            "public_key": key.public_key.hex(),
            "provenance": public(provenance),
            "text": json.dumps(START),
        }
    )
    assert open_sealed(unhex(payload), key, provenance.binding(key.suite)) == START


def test_another_binding_opens_on_neither_side(node: Node, key: PrivateKey, provenance: Provenance) -> None:
    changes: Json = {
        "chain_id": 1,
        "contract": "0x" + "ac" * 20,
        "client": 2,
        "sender": "0x" + "ce" * 20,
        "sequence": 8,
        "key_id": b"none",
    }
    others = [dataclasses.replace(provenance, **{field: value}) for field, value in changes.items()]
    payload = seal(START, key.public_key, provenance.binding(key.suite))
    opened = {"operation": "open", "suite": int(key.suite), "private_key": key.seed.hex()}
    assert node(*(opened | {"provenance": public(other), "payload": payload.hex()} for other in others)) == (
        [None] * len(others)
    )
    sealed = {"operation": "seal", "suite": int(key.suite), "public_key": key.public_key.hex(), "text": "{}"}
    for foreign in node(*(sealed | {"provenance": public(other)} for other in others)):
        with pytest.raises(PlatformError) as caught:
            open_sealed(unhex(foreign), key, provenance.binding(key.suite))
        assert caught.value.code == "payload_not_opened"


@pytest.mark.parametrize("suite", [1, 2])
def test_a_key_pair_of_javascript_is_the_same_pair_in_python(node: Node, suite: int) -> None:
    (pair,) = node({"operation": "keygen", "suite": suite})
    key = PrivateKey(suite, unhex(pair["private_key"]))
    assert key.public_key == unhex(pair["public_key"])
    assert key.key_id == key_id_of(unhex(pair["public_key"]))


def test_javascript_agrees_with_the_published_vectors(node: Node) -> None:
    vectors = VECTORS["vectors"]
    opened = node(*(vector | {"operation": "open"} for vector in vectors))
    assert opened == [vector["plaintext"] for vector in vectors]
    infos = node(*(vector | {"operation": "info"} for vector in vectors))
    assert infos == [vector["info"] for vector in vectors]


def test_javascript_does_not_open_what_the_vectors_call_not_opened(node: Node) -> None:
    seeds = {key["key_id"]: key for key in VECTORS["keys"]}
    refused = [
        vector | seeds[vector["provenance"]["key_id"]] | {"operation": "open"}
        for vector in VECTORS["refusals"]
        if vector["code"] == "payload_not_opened" and len(vector["payload"]) > 100
    ]
    assert len(refused) > 10
    assert node(*refused) == [None] * len(refused)
