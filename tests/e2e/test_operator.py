# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's way, without chain or listener: start and stop, each first only shown, each twice."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import typing as t
from collections.abc import Callable

import pytest
from kubernetes import client as kube

from tests.e2e.live import Live, host
from tests.e2e.story import GOOD_KEYS, start
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(900)

KNOWN = 901
NEVER_SEEN = 902
"""Numbers that no wallet has: the contract counts from 1."""
EXCHANGE = f"{host(KNOWN)}-exchange-own"

Play = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def play(live: Live, tmp_path: pathlib.Path) -> Play:
    """Runs a playbook for one client as an operator does."""
    hosts = tmp_path / "hosts.yml"
    numbers = {host(number): {"platform_client": number} for number in (KNOWN, NEVER_SEEN)}
    hosts.write_text(json.dumps({"all": {"hosts": numbers}}))
    bot = tmp_path / "bot.yml"
    specification = start("SampleTrend", dry_run=False)["specification"]
    bot.write_text(json.dumps({"bot_specification": specification, "bot_exchange_secret": EXCHANGE}))

    def run(playbook: str, client: int, *options: str) -> subprocess.CompletedProcess[str]:
        extra = ["-e", f"@{bot}"] if playbook == "trade_start" else []
        command = ["ansible-playbook", f"bot_freqtrade.platform.{playbook}", "--limit", host(client)]
        return subprocess.run(
            [*command, "-i", live.facts["inventory"], "-i", str(hosts), *extra, *options],
            capture_output=True,
            text=True,
            timeout=400,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"},
        )

    return run


def test_starts_and_stops_a_bot_with_a_secret_that_is_there(live: Live, trail: Trail, play: Play) -> None:
    succeeded(play("trade_stop", KNOWN))
    give_keys(live)
    shows_only(live, trail, play, "trade_start", "+replicas: 1")
    assert changes(succeeded(play("trade_start", KNOWN))) > 0
    trail.trades_once(KNOWN)
    assert live.values(KNOWN)["secrets"]["exchange"] == EXCHANGE
    repeats_nothing(live, trail, play, "trade_start")
    shows_only(live, trail, play, "trade_stop", "+replicas: 0")
    assert changes(succeeded(play("trade_stop", KNOWN))) > 0
    assert live.values(KNOWN)["replicas"] == 0
    assert not live.pods(KNOWN)
    repeats_nothing(live, trail, play, "trade_stop")


def test_shows_the_start_of_a_client_never_seen_and_makes_nothing(trail: Trail, play: Play) -> None:
    run = succeeded(play("trade_start", NEVER_SEEN, "--check", "--diff"))
    assert f"clientes/{host(NEVER_SEEN)}/values.yaml" in run.stdout
    trail.nothing_of(NEVER_SEEN)


def succeeded(run: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """The run itself, which must have ended well."""
    assert run.returncode == 0, run.stdout + run.stderr
    return run


def changes(run: subprocess.CompletedProcess[str]) -> int:
    """How many tasks of a run changed something, by its recap."""
    found = re.search(r"changed=(\d+)", run.stdout)
    assert found, run.stdout
    return int(found[1])


def shows_only(live: Live, trail: Trail, play: Play, playbook: str, line: str) -> None:
    """Expect that a run in check mode prints the line of a diff and touches nothing."""
    before = state(live, trail)
    run = succeeded(play(playbook, KNOWN, "--check", "--diff"))
    assert line in run.stdout.splitlines()
    assert changes(run) > 0
    assert state(live, trail) == before


def repeats_nothing(live: Live, trail: Trail, play: Play, playbook: str) -> None:
    """Expect that the same run once more changes nothing."""
    before = state(live, trail)
    assert changes(succeeded(play(playbook, KNOWN))) == 0
    assert state(live, trail) == before


def state(live: Live, trail: Trail) -> dict[str, t.Any]:
    """What a run could touch."""
    secrets = live.core.list_namespaced_secret(host(KNOWN)).items
    return {
        "git": trail.last_commit(KNOWN),
        "secrets": {item.metadata.name: item.metadata.resource_version for item in secrets},
        "schema": trail.schema_exists(KNOWN),
        "pods": [item.metadata.uid for item in live.pods(KNOWN)],
    }


def give_keys(live: Live) -> None:
    """Put the exchange keys where an operator would, and let the stand-in know them."""
    live.exchange("reset", keys={GOOD_KEYS["key"]: GOOD_KEYS["secret"]})
    data = {"BINANCE_API_KEY": GOOD_KEYS["key"], "BINANCE_SECRET_KEY": GOOD_KEYS["secret"]}
    secret = kube.V1Secret(metadata=kube.V1ObjectMeta(name=EXCHANGE), string_data=data)
    if EXCHANGE not in live.secrets(KNOWN):
        live.core.create_namespaced_secret(host(KNOWN), secret)
