# SPDX-License-Identifier: GPL-3.0-or-later
"""The local platform comes and goes without a trace.

These tests take the platform down and start it again, so they run on their own, before or after all others.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import time
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.local_platform import ROOT, platform

POD: t.Final = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "leftover"},
    "spec": {
        "containers": [
            {
                "name": "pause",
                "image": "localhost/pause:local",
                "imagePullPolicy": "Never",
                "volumeMounts": [{"name": "secret", "mountPath": "/secret"}],
            }
        ],
        "volumes": [{"name": "secret", "secret": {"secretName": "leftover"}}],
    },
}
SECRET: t.Final = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "leftover"},
    "stringData": {"key": "value"},
}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[pathlib.Path]:
    """What the host is like without a platform, and is again after the tests, whatever happened."""
    platform("down")
    file = tmp_path_factory.mktemp("host") / "untouched.json"
    file.write_text(json.dumps(platform("snapshot")))
    yield file
    platform("down")


@pytest.fixture
def running(untouched: pathlib.Path) -> pathlib.Path:
    """A platform with a pod that mounts a Secret; the one of the test before, unless that took it down."""
    platform("up", "--no-listener")
    facts = json.loads((ROOT / "build/local/platform.json").read_text())
    kubectl = [facts["kubectl"], "--kubeconfig", facts["admin_kubeconfig"]]
    objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": [SECRET, POD]})
    _until_it_works([*kubectl, "apply", "-f", "-"], objects)
    subprocess.run([*kubectl, "wait", "--for=condition=Ready", "--timeout=60s", "pod/leftover"], check=True)
    return untouched


def test_a_second_start_changes_nothing(running: pathlib.Path) -> None:
    assert platform("up", "--no-listener")["changed"] is False


def test_the_checker_sees_a_running_platform(running: pathlib.Path) -> None:
    with pytest.raises(AssertionError, match="network interface: bfp0"):
        platform("leftovers", str(running))


def test_nothing_is_left_after_down(running: pathlib.Path) -> None:
    assert platform("down") == {"changed": True}
    assert platform("leftovers", str(running)) == []


def test_nothing_is_left_after_down_when_all_processes_were_killed(running: pathlib.Path) -> None:
    holder = int(pathlib.Path("/run/bot_freqtrade/enclosure.pid").read_text().split()[0])
    os.kill(holder, signal.SIGKILL)
    assert platform("down") == {"changed": True}
    assert platform("leftovers", str(running)) == []


def test_down_without_a_platform_changes_nothing(untouched: pathlib.Path) -> None:
    platform("down")
    assert platform("down") == {"changed": False}


def _until_it_works(command: list[str], text: str, seconds: float = 30) -> None:
    """Retry while the namespace's service account is not there yet."""
    end = time.monotonic() + seconds
    while True:
        run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if run.returncode == 0:
            return
        assert time.monotonic() < end, run.stderr
        time.sleep(0.5)
