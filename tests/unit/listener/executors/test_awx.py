# SPDX-License-Identifier: GPL-3.0-or-later
"""The executor ``awx`` against a stand-in of its API."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

from listener.executors import Outcome, Reached, Work, make_executor
from listener.executors import awx as module
from listener.executors.awx import AwxExecutor
from listener.settings import DispatchSettings
from tests.support.awx import FakeAwx, running_awx

EVIDENCE = {"commit": "c0ffee"}
Make = Callable[..., AwxExecutor]


def work(client: int = 1, operation: str = "trade.start") -> Work:
    command = f"0x{client:064x}"
    return Work(command, client, 1, operation, {"id": command, "payload": "00"})


def outcome(item: Work) -> dict[str, Any]:
    told = {"command_id": item.id, "decision": "approved", "reason": "", "evidence": EVIDENCE}
    result = {"ansible_stats": {"data": {"platform_outcome": told}}}
    return {"event": "runner_on_ok", "event_data": {"host": item.host, "res": result}}


@pytest.fixture
def awx(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAwx]:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.02)
    with running_awx("the-token-of-awx") as fake:
        yield fake


@pytest.fixture
def make(awx: FakeAwx, tmp_path: Path) -> Make:
    for name, text in (("url", "postgresql://x"), ("token", awx.token), ("vars.yml", "{}")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    (tmp_path / "runs").mkdir()

    def executor(owner: str = "one", **changes: Any) -> AwxExecutor:
        values: dict[str, Any] = {
            "database_url_file": tmp_path / "url",
            "chain_id": 1,
            "contract": "0x" + "1" * 40,
            "confirmations": 0,
            "rpc_url": "http://127.0.0.1:1",
            "key_directory": tmp_path,
            "vars_file": tmp_path / "vars.yml",
            "run_directory": tmp_path / "runs",
            "collections_path": tmp_path,
            "executor": "awx",
            "awx_url": awx.url,
            "awx_token_file": tmp_path / "token",
            "awx_inventory": 3,
            "awx_start_template": 10,
            "awx_stop_template": 11,
            "awx_rollback_template": 12,
        }
        made = make_executor(DispatchSettings(**{**values, **changes}), owner)
        assert isinstance(made, AwxExecutor)
        return made

    return executor


def test_each_command_is_a_job_with_its_own_limit(awx: FakeAwx, make: Make) -> None:
    job = make().start([work(1), work(2)])
    for number, item in ((1, work(1)), (2, work(2))):
        awx.tell(number, event="playbook_on_play_start", event_data={})
        awx.tell(number, **outcome(item))
        awx.jobs[number].status = "successful"
    told = list(job.reports())
    assert {(item.client, report) for item, report in told if isinstance(report, Reached)} == {
        (1, Reached("started")),
        (2, Reached("started")),
    }
    assert [report for _, report in told if isinstance(report, Outcome)] == [
        Outcome("approved", "", EVIDENCE)
    ] * 2
    assert [(launched.template, launched.limit) for launched in awx.jobs.values()] == [
        (10, "cliente-001"),
        (10, "cliente-002"),
    ]
    variables = awx.jobs[1].extra_vars
    assert json.loads(variables["platform_command_json"]) == work(1).variables


@pytest.mark.parametrize(("operation", "template"), [("trade.stop", 11), ("rollback", 12)])
def test_each_playbook_has_a_template_of_its_own(
    awx: FakeAwx, make: Make, operation: str, template: int
) -> None:
    job = make().start([work(operation=operation)])
    awx.jobs[1].status = "failed"
    assert list(job.reports()) == []
    assert awx.jobs[1].template == template


def test_a_new_client_becomes_a_host_of_the_inventory_once(awx: FakeAwx, make: Make) -> None:
    awx.hosts["cliente-002"] = {"kept": True}
    job = make().start([work(1), work(2)])
    job.cancel()
    list(job.reports())
    assert awx.hosts == {"cliente-001": {"platform_client": 1}, "cliente-002": {"kept": True}}


@pytest.mark.parametrize("field", ["limit", "extra_vars"])
def test_a_template_that_does_not_ask_runs_nothing(awx: FakeAwx, make: Make, field: str) -> None:
    awx.ignores = {field}
    with pytest.raises(PlatformError, match="does not ask for limit and variables"):
        make().start([work()])
    assert awx.jobs[1].status == "canceled"


def test_awx_away_at_the_launch_is_undecided(awx: FakeAwx, make: Make, tmp_path: Path) -> None:
    awx.away = True
    with pytest.raises(PlatformError) as raised:
        make().start([work()])
    assert raised.value.code == "undecided"
    assert not list((tmp_path / "runs").glob("worker-*/*"))


def test_awx_away_in_between_loses_nothing(awx: FakeAwx, make: Make) -> None:
    job = make().start([work()])
    awx.away = True
    reports = job.reports()
    awx.tell(1, **outcome(work()))
    awx.jobs[1].status = "successful"
    awx.away = False
    assert [report for _, report in reports] == [Outcome("approved", "", EVIDENCE)]


def test_cancelling_and_the_time_limit_end_the_jobs(awx: FakeAwx, make: Make) -> None:
    cancelled = make("one").start([work()])
    cancelled.cancel()
    assert list(cancelled.reports()) == []
    late = make("two", run_timeout=1).start([work()])
    assert list(late.reports()) == []
    assert [job.status for job in awx.jobs.values()] == ["canceled", "canceled"]


def test_the_outcome_of_a_dead_workers_job_is_read_from_its_events(awx: FakeAwx, make: Make) -> None:
    dead = make("dead")
    job = dead.start([work(1), work(2)])
    awx.tell(1, **outcome(work(1)))
    os.close(dead._workspace._lock)
    found = list(make("heir").leftovers())
    assert [(left.owner, left.command_id, left.outcome) for left in found] == [
        ("dead", work(1).id, Outcome("approved", "", EVIDENCE)),
        ("dead", work(2).id, None),
    ]
    assert awx.jobs[2].status == "canceled"
    assert [item.client for item in job.works] == [1, 2]


def test_the_token_is_in_no_text(awx: FakeAwx, make: Make) -> None:
    executor = make()
    awx.token = "another"
    with pytest.raises(PlatformError) as raised:
        executor.start([work()])
    assert "the-token-of-awx" not in raised.value.message
