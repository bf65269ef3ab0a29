# SPDX-License-Identifier: GPL-3.0-or-later
"""``/healthz``, ``/readyz``, ``/metrics``, the server itself and the commands around it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount

from listener import store
from listener.api import create_api
from listener.store.tables import commands
from tests.support.processes import free_port
from tests.support.roles import REPOSITORY, eventually, running_role

if TYPE_CHECKING:
    from tests.integration.listener.conftest import Listener
    from tests.support.rpc_proxy import RpcProxy

    from .conftest import Get


def test_it_is_alive_and_ready(get: Get) -> None:
    assert get("/healthz").get_json() == {"status": "alive"}
    answer = get("/readyz")
    assert (answer.status_code, answer.get_json()["not_ready"]) == (200, {})
    assert set(answer.get_json()["seconds"]) == {"database", "chain", "git"}


def test_what_is_not_ready_is_named_without_its_address(api_settings: Any, tmp_path: Any) -> None:
    url = tmp_path / "away"
    url.touch(mode=0o600)
    url.write_text("postgresql://nobody:a-password@127.0.0.1:1/away")
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(_kubeconfig("https://127.0.0.1:1")))
    settings = api_settings(
        database_url_file=url,
        rpc_url="http://127.0.0.1:1/a-secret-path",
        kubeconfig=kubeconfig,
        gitops_repository=str(tmp_path / "nowhere"),
    )
    client = create_api(settings).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.get_json()["not_ready"]) == {"database", "chain", "cluster", "git"}
    for hidden in ("127.0.0.1", "a-secret-path", "a-password", "nowhere"):
        assert hidden not in answer.text
    assert client.get("/healthz").status_code == 200


def test_readiness_is_asked_for_once_in_some_seconds(api_settings: Any, proxy: RpcProxy) -> None:
    client = create_api(api_settings(rpc_url=proxy.url)).test_client()
    for _ in range(5):
        assert client.get("/readyz").status_code == 200
    assert len(proxy.requests) == 1


def test_the_metrics_are_those_of_the_store(listener: Listener, wallet: LocalAccount, get: Get) -> None:
    listener.decided(wallet, "rolled_back", "bot_crashed")
    answer = get("/metrics")
    assert answer.content_type.startswith("text/plain")
    assert 'platform_command_outcomes_total{outcome="rolled_back",reason="bot_crashed"} 1.0' in answer.text
    for name in (
        "platform_chain_head_lag_blocks",
        "platform_queue_depth",
        "platform_stage_seconds",
        "platform_verdict_transactions",
    ):
        assert name in answer.text
    assert 'platform_queue_age_seconds{state="running"} 0.0' in answer.text


def test_a_verdict_ages_until_it_is_final(listener: Listener, wallet: LocalAccount, get: Get) -> None:
    def age() -> float:
        (line,) = re.findall(r"^platform_verdict_age_seconds (\S+)$", get("/metrics").text, re.MULTILINE)
        return float(line)

    assert age() == 0
    command = listener.decided(wallet)
    with listener.engine.begin() as connection:
        connection.execute(
            sa.update(commands).values(
                timings=commands.c.timings.op("||")(sa.func.jsonb_build_object("decided", time.time() - 500))
            )
        )
    assert 500 <= age() < 510
    sender = listener.sender()
    sender.step()
    assert 500 <= age() < 510
    listener.chain.finalize()
    sender.step()
    assert listener.command(command).state == "done"
    assert age() == 0


def test_the_role_serves_and_its_commands_make_and_revoke_tokens(listener: Listener) -> None:
    port = free_port()
    environment = listener.environment | {"PLATFORM_LISTEN_PORT": str(port)}
    token = _flask(environment, "token", "create", "--name", "demo", "--all").strip()
    with running_role("api", environment, listener.folder) as role:
        eventually(lambda: '"event": "started"' in role.log, what=role.log)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/trade", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert json.load(answer) == {"items": [], "next": None}
        _flask(environment, "token", "revoke", "--name", "demo")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=5)
        assert role.terminate() == 0, role.log
        assert token not in role.log


def test_alarms_are_listed_and_cleared_by_their_number(listener: Listener) -> None:
    with listener.engine.begin() as connection:
        store.raise_alarm(connection, "nonce_taken", "Nonce 7 was used elsewhere")
        (alarm,) = store.list_alarms(connection)
    told = _flask(listener.environment, "alarm", "list")
    assert told == f"{alarm.number} {alarm.raised} nonce_taken - Nonce 7 was used elsewhere\n"
    _flask(listener.environment, "alarm", "clear", str(alarm.number))
    assert _flask(listener.environment, "alarm", "list") == ""
    with pytest.raises(subprocess.CalledProcessError):
        _flask(listener.environment, "alarm", "clear", str(alarm.number))


def test_the_role_listens_on_loopback_only(listener: Listener) -> None:
    port = free_port()
    with running_role(
        "api", listener.environment | {"PLATFORM_LISTEN_PORT": str(port)}, listener.folder
    ) as role:
        eventually(lambda: '"event": "started"' in role.log, what=role.log)
        with open("/proc/net/tcp", encoding="ascii") as table:
            listening = [line.split()[1] for line in table if f":{port:04X} " in line]
        assert listening == [f"0100007F:{port:04X}"]


def _flask(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "listener", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _kubeconfig(server: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "users": [{"name": "test", "user": {"token": "a-token"}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
