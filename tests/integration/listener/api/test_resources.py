# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients see of their bots and commands, and what they never see."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import evidence_hash
from eth_account.signers.local import LocalAccount
from flask.testing import FlaskClient

from listener import store
from listener.api import create_api
from listener.api.access import make_token, revoke_token

if TYPE_CHECKING:
    from tests.integration.listener.conftest import Listener

    from .conftest import Get


def test_a_command_tells_its_outcome_evidence_and_timings(
    listener: Listener, wallet: LocalAccount, get: Get, own: str
) -> None:
    command = listener.decided(wallet)
    body = get(f"/commands/{command}", own).get_json()
    assert (body["client_id"], body["sequence"], body["operation"]) == (1, 1, "trade.start")
    assert (body["state"], body["outcome"], body["reason"]) == ("decided", "approved", "")
    assert body["evidence"] == {"commit": "c0ffee", "reason": ""}
    assert body["evidence_hash"] == "0x" + evidence_hash(body["evidence"]).hex()
    assert body["evidence_hash_on_chain"] is None
    assert {"mined", "seen", "admitted", "claimed", "decided"} <= body["timings"].keys()
    assert body["block"]["hash"] == listener.command(command).block_hash


def test_a_failure_and_the_verdicts_transactions_are_told(
    listener: Listener, wallet: LocalAccount, get: Get, own: str
) -> None:
    command = listener.decided(wallet, "rolled_back", "strategy_raises")
    failure = {"code": "strategy_raises", "category": "unhealthy", "message": "It raises"}
    with listener.engine.begin() as connection:
        store.record_event(connection, command, 1, "failure", failure)
    listener.sender().step()
    body = get(f"/commands/{command}", own).get_json()
    assert body["failure"] == {"attempt": 1, **failure}
    (transaction,) = body["transactions"]
    assert transaction["hash"].startswith("0x")


def test_a_clients_status_tells_what_it_wants_and_what_it_has(
    listener: Listener, wallet: LocalAccount, get: Get, own: str
) -> None:
    first = listener.decided(wallet)
    failed = listener.decided(wallet, "rolled_back", "bot_crashed")
    body = get("/trade/1/status", own).get_json()
    assert (body["name"], body["desired_state"]) == ("cliente-001", "running")
    assert (body["approved"]["id"], body["latest"]["id"], body["current"]) == (first, failed, None)
    assert [item["id"] for item in body["commands"]] == [failed, first]
    stop = listener.submit(wallet, stop=True)
    listener.catch_up()
    body = get("/trade/1/status", own).get_json()
    assert (body["desired_state"], body["current"]["id"]) == ("stopped", stop)


def test_the_approved_command_is_found_however_old_it_is(
    listener: Listener, wallet: LocalAccount, get: Get, own: str
) -> None:
    first = listener.decided(wallet)
    for _ in range(11):
        command = listener.decided(wallet, "rolled_back", "bot_crashed")
        listener.platform.roll_back(bytes.fromhex(command[2:]), "bot_crashed", b"\0" * 32)
    body = get("/trade/1/status", own).get_json()
    assert body["approved"]["id"] == first
    assert len(body["commands"]) == 10


@pytest.mark.parametrize("path", ["/trade/1/status", "/commands/{command}"])
def test_another_clients_things_do_not_exist(
    listener: Listener, wallet: LocalAccount, get: Get, database_url: str, path: str
) -> None:
    path = path.format(command=listener.decided(wallet))
    other, nobody = make_token(database_url, "client-2", 2), get("/commands/0x" + "0" * 64, None)
    refused = get(path, other)
    assert refused.status_code == 404
    assert refused.get_json()["type"] == "urn:bot-freqtrade:problem:not_found"
    assert nobody.status_code == 401
    assert get(path, make_token(database_url, "client-1", 1)).status_code == 200


def test_the_list_has_the_tokens_own_bots_only(
    listener: Listener, wallets: list[LocalAccount], get: Get, own: str, operator: str
) -> None:
    for wallet in wallets:
        listener.decided(wallet)
    assert [bot["client_id"] for bot in get("/trade", own).get_json()["items"]] == [1]
    assert [bot["client_id"] for bot in get("/trade", operator).get_json()["items"]] == [1, 2, 3]


def test_the_list_comes_in_pages(
    listener: Listener, wallets: list[LocalAccount], get: Get, operator: str
) -> None:
    for wallet in wallets:
        listener.decided(wallet)
    first = get("/trade?limit=2", operator).get_json()
    second = get(f"/trade?limit=2&cursor={first['next']}", operator).get_json()
    assert [bot["client_id"] for bot in first["items"] + second["items"]] == [1, 2, 3]
    assert second["next"] is None


@pytest.mark.parametrize(
    "cursor", ["x", "é", base64.urlsafe_b64encode(bytes(24)).decode(), base64.b64encode(b"1").decode()]
)
def test_a_cursor_that_was_not_made_here_is_a_bad_request(get: Get, operator: str, cursor: str) -> None:
    answer = get(f"/trade?cursor={cursor}", operator)
    assert answer.status_code == 400
    assert answer.get_json()["type"].endswith("bad_cursor")


@pytest.mark.parametrize("authorization", [None, "Bearer ", "Bearer bfp_guess", "Basic YTpi", "Bearer é"])
def test_without_a_good_token_nothing_is_told(
    client: FlaskClient, operator: str, authorization: str | None
) -> None:
    assert operator
    headers = {"Authorization": authorization} if authorization else {}
    answer = client.get("/trade", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


def test_a_revoked_token_opens_nothing(get: Get, database_url: str, operator: str) -> None:
    assert get("/trade", operator).status_code == 200
    assert revoke_token(database_url, "operator")
    assert get("/trade", operator).status_code == 401


def test_the_store_keeps_no_token(listener: Listener, operator: str) -> None:
    with listener.engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM api_tokens").all()
    assert len(rows) == 1
    assert operator not in repr(rows)


def test_an_unchanged_answer_costs_nothing(
    listener: Listener, wallet: LocalAccount, get: Get, own: str
) -> None:
    command = listener.decided(wallet)
    first = get(f"/commands/{command}", own)
    assert first.headers["Cache-Control"] == "private, no-cache"
    tag = first.headers["ETag"]
    assert not tag.startswith("W/")
    same = get(f"/commands/{command}", own, **{"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")
    with listener.engine.begin() as connection:
        store.mark_stage(connection, command, "sent")
    assert get(f"/commands/{command}", own, **{"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere-canary", 404),
        ("GET", "/trade/canary/status", 404),
        ("GET", "/commands/canary", 404),
        ("POST", "/trade", 405),
        ("GET", "/trade?limit=canary", 422),
        ("GET", "/trade?limit=0", 422),
        ("GET", "/trade?canary=1", 422),
    ],
)
def test_every_failure_is_a_problem_that_never_repeats_the_input(
    client: FlaskClient, operator: str, method: str, path: str, status: int
) -> None:
    answer = client.open(path, method=method, headers={"Authorization": f"Bearer {operator}"})
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    body: dict[str, Any] = answer.get_json()
    assert {"type", "title", "status", "action", "trace_id"} <= body.keys()
    assert body["trace_id"] == answer.headers["X-Trace-Id"]
    assert "canary" not in answer.text


def test_too_many_requests_are_told_when_to_come_back(api_settings: Any, own: str, operator: str) -> None:
    client = create_api(api_settings(requests_per_minute=2)).test_client()
    answers = [client.get("/trade", headers={"Authorization": f"Bearer {own}"}) for _ in range(4)]
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert client.get("/trade", headers={"Authorization": f"Bearer {operator}"}).status_code == 200


def test_a_request_while_the_database_is_away_is_to_be_tried_again(
    api_settings: Any, tmp_path: Any, operator: str
) -> None:
    url = tmp_path / "away"
    url.touch(mode=0o600)
    url.write_text("postgresql://nobody@127.0.0.1:1/away")
    client = create_api(api_settings(database_url_file=url)).test_client()
    answer = client.get("/trade", headers={"Authorization": f"Bearer {operator}"})
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert "127.0.0.1" not in answer.text
