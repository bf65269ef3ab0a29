# SPDX-License-Identifier: GPL-3.0-or-later
"""The role as a process."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from listener.settings import MonitorSettings, SettingsError
from tests.support.clients_database import READER_PASSWORD, ClientsDatabase
from tests.support.processes import free_port
from tests.support.roles import eventually, running_role

if TYPE_CHECKING:
    from tests.integration.listener.conftest import Listener


@pytest.fixture
def environment(
    listener: Listener, database: ClientsDatabase, kube_api: Any, tmp_path: Path
) -> dict[str, str]:
    url = tmp_path / "figures-url"
    url.touch(mode=0o600)
    url.write_text(database.figures_url)
    inherited = {
        name: value
        for name, value in listener.environment.items()
        if "DATABASE" not in name and "SIGNER" not in name
    }
    return inherited | {
        "PLATFORM_FIGURES_URL_FILE": str(url),
        "PLATFORM_KUBECONFIG": str(kube_api.kubeconfig),
        "PLATFORM_LISTEN_PORT": str(free_port()),
    }


def scrape(environment: dict[str, str]) -> dict[str, list[Any]]:
    address = f"http://127.0.0.1:{environment['PLATFORM_LISTEN_PORT']}/metrics"
    with urllib.request.urlopen(address, timeout=15) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {family.name: family.samples for family in families}


def test_the_role_needs_neither_the_store_nor_a_client_s_password(
    listener: Listener, database: ClientsDatabase, environment: dict[str, str]
) -> None:
    database.add(1)
    listener.chain.finalize()
    with running_role("monitor", environment, listener.folder) as role:
        eventually(lambda: '"event": "started"' in role.log, what=role.log)
        found = scrape(environment)
        assert role.terminate() == 0, role.log
    up = {sample.labels["source"]: sample.value for sample in found["platform_monitor_source_up"]}
    assert up == {"bots": 1, "figures": 1, "certificates": 1, "keys": 1}
    assert found["platform_client_open_trades"][0].labels == {"client": "cliente-001", "currency": "USDT"}
    assert READER_PASSWORD not in role.log


def test_a_source_that_is_away_hides_no_other(
    listener: Listener, environment: dict[str, str], tmp_path: Path
) -> None:
    away = tmp_path / "away"
    away.touch(mode=0o600)
    away.write_text("postgresql://platform_metrics:canary-of-the-reader@127.0.0.1:1/freqtrade_multi")
    with running_role(
        "monitor", environment | {"PLATFORM_FIGURES_URL_FILE": str(away)}, listener.folder
    ) as role:
        eventually(lambda: '"event": "started"' in role.log, what=role.log)
        found = scrape(environment)
        eventually(lambda: "source_failed" in role.log, what=role.log)
    up = {sample.labels["source"]: sample.value for sample in found["platform_monitor_source_up"]}
    assert up == {"bots": 1, "figures": 0, "certificates": 1, "keys": 1}
    assert "canary-of-the-reader" not in role.log + str(found)


def test_without_its_settings_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_TLS_SERVERS", "no port")
    with pytest.raises(SettingsError) as caught:
        MonitorSettings.load()
    for name in ("PLATFORM_FIGURES_URL_FILE", "PLATFORM_CONTRACT", "PLATFORM_TLS_SERVERS"):
        assert name in str(caught.value)
    assert "PLATFORM_DATABASE_URL_FILE" not in str(caught.value)
