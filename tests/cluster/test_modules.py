# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What Argo CD and a kubelet report is understood, in the words that they use today."""

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

from tests.cluster.laboratory import Laboratory


def failure_of_sync(laboratory: Laboratory, commit: str, seconds: float = 60) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        laboratory.synchronise(commit, seconds)
    return caught.value


def failure_of_health(laboratory: Laboratory, mode: str, seconds: float = 60) -> PlatformError:
    laboratory.synchronise(laboratory.commit(mode), terminate_running=True)
    with pytest.raises(PlatformError) as caught:
        laboratory.health(seconds=seconds)
    return caught.value


@pytest.fixture
def running(laboratory: Laboratory) -> None:
    """A bot that trades."""
    laboratory.synchronise(laboratory.commit("ready"), terminate_running=True)
    laboratory.health()


@pytest.mark.usefixtures("running")
def test_a_change_is_synced_and_its_bot_seen(laboratory: Laboratory) -> None:
    commit = laboratory.commit("other")
    synced = laboratory.synchronise(commit)
    assert (synced["changed"], synced["revision"], synced["sync"]) == (True, commit, "Synced")
    report = laboratory.health()
    assert report["verdict"] == "healthy"
    assert report["pod"]["image_digest"].startswith("sha256:")
    again = laboratory.synchronise(commit)
    assert (again["changed"], again["timeline"]) == (False, {})


@pytest.mark.usefixtures("running")
def test_a_commit_that_changes_no_manifest_is_synced_without_a_new_pod(laboratory: Laboratory) -> None:
    before = laboratory.health()["pod"]
    commit = laboratory.commit("ready", unused=1)
    assert laboratory.synchronise(commit)["revision"] == commit
    assert laboratory.health()["pod"] == before


@pytest.mark.usefixtures("running")
def test_a_later_commit_is_synced_in_place_of_ours(laboratory: Laboratory) -> None:
    ours, later = laboratory.commit("other"), laboratory.commit("ready")
    assert laboratory.synchronise(ours)["revision"] == later


@pytest.mark.usefixtures("running")
def test_values_that_the_schema_refuses_are_a_refused_manifest(laboratory: Laboratory) -> None:
    error = failure_of_sync(laboratory, laboratory.commit("nonsense"))
    assert error.code == "manifest_refused"
    assert "/mode" in error.message


@pytest.mark.usefixtures("running")
def test_an_object_that_the_api_server_refuses_is_refused_and_the_restore_ends_its_retries(
    laboratory: Laboratory,
) -> None:
    error = failure_of_sync(laboratory, laboratory.commit("ready", strategy="Nonsense"))
    assert error.code == "sync_refused"
    restored = laboratory.commit("ready")
    assert laboratory.synchronise(restored, terminate_running=True)["revision"] == restored


@pytest.mark.usefixtures("running")
def test_a_repository_that_is_away_is_blind_and_borne(laboratory: Laboratory) -> None:
    commit, away = laboratory.commit("other"), laboratory.repository.with_suffix(".away")
    laboratory.repository.rename(away)
    try:
        assert failure_of_sync(laboratory, commit, 4).code == "git_unreachable"
        threading.Timer(3, away.rename, [laboratory.repository]).start()
        assert laboratory.synchronise(commit)["revision"] == commit
    finally:
        if away.exists():
            away.rename(laboratory.repository)


@pytest.mark.parametrize(
    ("mode", "code", "within"),
    [
        ("crashes", "bot_crashed", 15),
        ("typed", "strategy_not_loadable", 10),
        ("raises", "strategy_raises", 15),
        ("no-image", "image_unavailable", 10),
        ("no-secret", "exchange_secret_missing", 20),
    ],
)
def test_a_bot_that_cannot_trade_is_known_soon(
    laboratory: Laboratory, mode: str, code: str, within: float
) -> None:
    started = time.monotonic()
    error = failure_of_health(laboratory, mode)
    assert error.code == code
    assert time.monotonic() - started < within
    assert "canary" not in str(error.details)


def test_a_bot_that_misses_its_exchange_is_waited_for(laboratory: Laboratory) -> None:
    error = failure_of_health(laboratory, "blind", 16)
    assert (error.code, error.details["verdict"]) == ("exchange_unavailable", "unreachable")
    assert error.details["pod"]["restart_count"] >= 1


@pytest.mark.usefixtures("running")
def test_a_stopped_bot_leaves_no_pod(laboratory: Laboratory) -> None:
    laboratory.synchronise(laboratory.commit("ready", replicas=0))
    report = laboratory.health("stopped")
    assert (report["verdict"], report["pod"]) == ("stopped", {})
