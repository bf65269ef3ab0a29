# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is found in any place where it does not belong; and the search finds what is there."""

from __future__ import annotations

import base64
import contextlib
import json
import pathlib
import secrets
import urllib.parse
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.canary import SHORTEST, Hit, Search, Secret, batches, forms
from tests.e2e.live import ROOT, Live
from tests.e2e.machine import Machine
from tests.e2e.places import (
    LOCAL,
    Place,
    Recorder,
    database_dumps,
    files,
    git_objects,
    kubernetes_objects,
    redis_values,
    unpacked,
)
from tests.e2e.plants import KINDS, holders_of_secrets, planted
from tests.e2e.story import BAD_KEYS, GOOD_KEYS, start
from tests.e2e.trail import Trail

PLANTED = "planted"
VALUE = b'Canary+of/the~tests="0123456789"'
WRITINGS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda value: value,
    "base64, first place": lambda value: base64.b64encode(value + b"tail"),
    "base64, second place": lambda value: base64.b64encode(b"x" + value + b"tail"),
    "base64, third place": lambda value: base64.b64encode(b"xy" + value),
    "URL-safe base64": lambda value: base64.urlsafe_b64encode(b"x" + value),
    "hex": lambda value: value.hex().encode(),
    "upper-case hex": lambda value: value.hex().upper().encode(),
    "URL-escaped": lambda value: urllib.parse.quote(value.decode(), safe="").encode(),
    "JSON-escaped": lambda value: value.replace(b'"', b'\\"'),
    "among zero bytes": lambda value: b"\0\0" + value + b"\0",
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_finds_a_value(writing: str) -> None:
    search = Search([Secret("planted", VALUE), Secret("other", b"AnotherValueThatIsNotThere")])
    content = secrets.token_bytes(5000) + WRITINGS[writing](VALUE) + secrets.token_bytes(5000)
    assert search.hits("here", content) == [Hit("planted", "here")]


def test_finds_each_line_of_a_key_in_many_lines() -> None:
    search = Search([Secret("pem", b"-----BEGIN-----\nFirstLineOfTheKey0123\nSecondLineOfIt456789\n")])
    assert search.hits("here", b"... SecondLineOfIt456789 ...")


def test_finds_nothing_where_nothing_is() -> None:
    search = Search([Secret("planted", VALUE)])
    assert search.hits("here", VALUE[:-1] + secrets.token_bytes(100_000)) == []


def test_names_each_place_of_many() -> None:
    search = Search([Secret("planted", VALUE), Secret("other", b"AnotherValueThatIsSomewhere")])
    places = [(str(number), secrets.token_bytes(100)) for number in range(300)]
    for number in (0, 128, 129, 299):
        places[number] = (str(number), b"before" + VALUE)
    places[200] = ("200", b"AnotherValueThatIsSomewhere")
    hits = [Hit("planted", name) for name in ("0", "128", "129", "299")]
    assert search.hits_in(places) == [*hits[:3], Hit("other", "200"), hits[3]]
    assert search.hits_in([]) == []


def test_looks_for_no_value_that_chance_would_find() -> None:
    assert forms(b"x" * (SHORTEST - 1)) == set()


@pytest.mark.timeout(1800)
def test_no_secret_is_found_and_planted_ones_are(
    live: Live, trail: Trail, machine: Machine, client: int
) -> None:
    keys = {"key": "CanaryKey" + secrets.token_hex(16), "secret": "CanarySecret" + secrets.token_hex(16)}
    runs = machine.root / "run/bot_freqtrade/volatile/runs"
    leaks: set[Hit] = set()
    found: set[str] = set()
    with planted(live, runs) as value:
        with Recorder(runs) as recorder:
            trail.decided_once(live.send(client, start("SampleTrend"), keys))
            refused = live.send(client, start("BrokenImport"), keys)
            trail.decided_once(refused, "RolledBack", "strategy_not_loadable")
        search = Search([*_known(live, keys), Secret(PLANTED, value)])
        for batch in batches((place, unpacked(packed)) for place, packed in _everything(live, recorder)):
            for hit in search.hits_in(batch):
                if hit.secret == PLANTED:
                    found.add(hit.place)
                else:
                    leaks.add(hit)
    assert not leaks, "\n".join(sorted(f"{hit.secret} in {hit.place}" for hit in leaks))
    missed = [kind for kind in KINDS if not any(kind in place for place in found)]
    assert not missed, f"the search is blind in {missed}"


def _known(live: Live, keys: dict[str, str]) -> list[Secret]:
    """All secrets of the platform, its clients and the tests."""
    given = [keys, GOOD_KEYS, BAD_KEYS]
    secrets_ = [Secret(f"exchange {name}", text.encode()) for pair in given for name, text in pair.items()]
    for item in live.core.list_secret_for_all_namespaces().items:
        if item.metadata.namespace.startswith("cliente-"):
            secrets_ += [
                Secret(f"Secret {item.metadata.name}, {name}", base64.b64decode(text))
                for name, text in (item.data or {}).items()
                if name != "username"
            ]
    for path in _key_files(live):
        for text in _values(path):
            secrets_.append(Secret(str(path.relative_to(ROOT)), text))
    assert len(secrets_) > 20
    return secrets_


def _key_files(live: Live) -> Iterator[pathlib.Path]:
    yield from (LOCAL / "secrets").iterdir()
    yield from pathlib.Path(live.facts["key_directory"]).glob("*.key")
    yield from (LOCAL / "pki").rglob("*.key")
    yield from map(pathlib.Path, live.facts["keys"].values())
    yield pathlib.Path(live.facts["api_token_file"])
    yield from (ROOT / "build" / "demo" / "wallets").glob("*.key")


def _values(path: pathlib.Path) -> Iterator[bytes]:
    """The secrets of a key file; a number in hex also as its bytes."""
    text = path.read_text().strip()
    if text.startswith("{"):
        text = str(json.loads(text)["private_key"])
    if "PRIVATE KEY" in text:
        text = "\n".join(line for line in text.splitlines() if "PRIVATE KEY" not in line)
    yield text.removeprefix("0x").encode()
    with contextlib.suppress(ValueError):
        yield bytes.fromhex(text.removeprefix("0x"))


def _everything(live: Live, recorder: Recorder) -> Iterator[Place]:
    yield from recorder.places()
    yield from git_objects(live)
    yield from database_dumps(live)
    yield from kubernetes_objects(live)
    yield from redis_values()
    yield from files(ROOT / "build", holders_of_secrets)
