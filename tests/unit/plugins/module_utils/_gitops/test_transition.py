# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import typing as t

import hypothesis.strategies as st
import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Document,
    Fence,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.transition import (
    Plan,
    Request,
    plan,
    render,
)
from hypothesis import given, settings

CLIENT = Client(1)
SPECIFICATION: dict[str, t.Any] = {
    "strategy": "SampleTrend",
    "pairs": ["BTC/USDT"],
    "timeframe": "5m",
    "stake_currency": "USDT",
    "stake_amount": 100,
    "max_open_trades": 2,
    "dry_run": True,
    "dry_run_wallet": 1000,
}
OTHER = SPECIFICATION | {"strategy": "Other"}
EVIDENCE = {"pod_uid": "0b9c", "reason": ""}


def command_id(sequence: int) -> str:
    return f"0x{sequence:064x}"


def run(transition: t.Any, sequence: int, attempt: int = 1, **values: t.Any) -> Request:
    """Request of a command's run."""
    return Request(
        CLIENT, transition, Fence(sequence, attempt), command_id(sequence), **_complete(transition, values)
    )


def operator(transition: t.Any, fence: Fence | None = None, **values: t.Any) -> Request:
    return Request(CLIENT, transition, fence, **_complete(transition, values))


def _complete(transition: str, values: dict[str, t.Any]) -> dict[str, t.Any]:
    if transition == "started":
        return {"specification": SPECIFICATION} | values
    if transition == "decided" and values.get("decision") == "rolled_back":
        return {"reason": "bot_not_ready"} | values
    if transition == "decided":
        return {"decision": "approved"} | values
    return values


def after(*requests: Request) -> Document:
    document: Document | None = None
    for request in requests:
        document = plan(document, request).document
    assert document is not None
    return document


def stale(document: Document | None, request: Request) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        plan(document, request)
    assert caught.value.code == "fence_stale"
    return caught.value


APPROVED_3 = after(run("started", 3), run("decided", 3, evidence=EVIDENCE))


def test_a_start_renders_the_specification_under_its_fence() -> None:
    document = after(run("started", 7, 2, secrets={"exchange": "cliente-001-exchange-7"}))
    assert document.live.bot == {
        "strategy": "SampleTrend",
        "pairs": ["BTC/USDT"],
        "timeframe": "5m",
        "stakeCurrency": "USDT",
        "stakeAmount": 100,
        "maxOpenTrades": 2,
        "dryRun": True,
        "dryRunWallet": 1000,
    }
    assert document.live.replicas == 1
    assert document.live.secrets["exchange"] == "cliente-001-exchange-7"
    assert (document.fence, document.command, document.decided) == (Fence(7, 2), command_id(7), "")


def test_a_live_bot_without_exchange_keys_is_refused() -> None:
    with pytest.raises(PlatformError) as caught:
        plan(None, run("started", 1, specification=SPECIFICATION | {"dry_run": False}))
    assert caught.value.code == "exchange_secret_missing"


def test_an_approval_keeps_what_is_live_as_approved() -> None:
    assert APPROVED_3.approved.sequence == 3
    assert APPROVED_3.approved.state == APPROVED_3.live
    assert APPROVED_3.evidence == EVIDENCE


def test_a_stop_names_no_exchange_keys_and_keeps_the_bot() -> None:
    started = after(run("started", 1, secrets={"exchange": "cliente-001-exchange-1"}))
    stopped = plan(started, run("stopped", 2)).document
    assert (stopped.live.replicas, stopped.live.secrets["exchange"]) == (0, "")
    assert stopped.live.bot == started.live.bot


def test_a_restore_brings_back_what_was_approved() -> None:
    failed = plan(APPROVED_3, run("started", 4, specification=OTHER)).document
    restored = plan(failed, run("restored", 4)).document
    assert restored.live == APPROVED_3.live
    assert restored.fence == Fence(4, 1)


def test_a_restore_of_a_client_never_approved_is_a_stopped_bot() -> None:
    document = after(run("registered", 1), run("started", 1), run("restored", 1))
    assert document.live == Document.initial(CLIENT).live


def test_a_restore_after_an_approved_stop_is_a_stopped_bot() -> None:
    stopped = after(run("started", 1), run("decided", 1), run("stopped", 2), run("decided", 2))
    restored = after_on(stopped, run("started", 3), run("restored", 3))
    assert restored.live == stopped.live
    assert restored.live.replicas == 0


def after_on(document: Document, *requests: Request) -> Document:
    for request in requests:
        document = plan(document, request).document
    return document


def test_a_bot_unhealthy_in_its_approved_state_too_is_stopped_and_rolled_back() -> None:
    document = after_on(
        APPROVED_3,
        run("started", 4, specification=OTHER),
        run("restored", 4),
        run("stopped", 4),
        run("decided", 4, decision="rolled_back"),
    )
    assert (document.live.replicas, document.decided, document.approved) == (
        0,
        "rolled_back",
        APPROVED_3.approved,
    )


@pytest.mark.parametrize("transition", ["registered", "started", "stopped", "restored", "decided"])
@pytest.mark.parametrize(("sequence", "attempt"), [(6, 9), (7, 1)])
def test_a_run_that_lost_its_turn_is_refused(transition: str, sequence: int, attempt: int) -> None:
    current = after_on(APPROVED_3, run("started", 7, 2))
    error = stale(current, run(transition, sequence, attempt))
    assert "sequence 7, attempt 2" in error.message
    assert error.details == {"sequence": 7, "attempt": 2, "command": command_id(7)}


def test_another_command_with_the_same_sequence_is_refused() -> None:
    intruder = Request(CLIENT, "stopped", Fence(7, 5), command_id(8))
    stale(after(run("started", 7)), intruder)


def test_an_approval_needs_a_start_by_the_same_attempt() -> None:
    stale(None, run("decided", 1))
    stale(APPROVED_3, run("decided", 4))
    stale(after(run("started", 4)), run("decided", 4, 2))


def test_a_command_refused_before_its_start_is_rolled_back_under_its_own_fence() -> None:
    document = plan(APPROVED_3, run("decided", 4, decision="rolled_back", reason="payload_schema")).document
    assert (document.fence, document.decided, document.reason) == (
        Fence(4, 1),
        "rolled_back",
        "payload_schema",
    )
    assert (document.live, document.approved) == (APPROVED_3.live, APPROVED_3.approved)


@pytest.mark.parametrize("attempt", [1, 2])
@pytest.mark.parametrize("transition", ["registered", "started", "stopped", "decided"])
def test_a_decided_command_gets_its_recorded_outcome_and_no_write(transition: str, attempt: int) -> None:
    result = plan(APPROVED_3, run(transition, 3, attempt))
    assert result.document == APPROVED_3
    assert result.recorded is not None
    assert vars(result.recorded) == {"decision": "approved", "reason": "", "evidence": EVIDENCE}


@pytest.mark.parametrize(
    "request_",
    [run("decided", 3, decision="rolled_back"), run("restored", 3), run("restored", 3, 2)],
)
def test_a_decided_command_is_not_decided_otherwise(request_: Request) -> None:
    assert stale(APPROVED_3, request_).details == {"decided": "approved"}


def test_registering_again_changes_nothing() -> None:
    assert plan(APPROVED_3, run("registered", 4)).document is APPROVED_3
    assert plan(APPROVED_3, operator("registered")).document is APPROVED_3


def test_a_second_attempt_fences_out_the_first() -> None:
    first = after(run("started", 4))
    second = plan(first, run("started", 4, 2)).document
    assert second != first
    stale(second, run("restored", 4, 1))


def test_an_operators_unchanged_specification_changes_nothing() -> None:
    assert plan(APPROVED_3, operator("started")).document == APPROVED_3
    assert plan(APPROVED_3, operator("decided", APPROVED_3.fence)).document == APPROVED_3


def test_an_operators_run_takes_the_next_attempt_and_its_approval_counts() -> None:
    changed = plan(APPROVED_3, operator("started", specification=OTHER)).document
    assert changed.fence == Fence(3, 2)
    approved = plan(changed, operator("decided", changed.fence)).document
    assert approved.approved.state.bot["strategy"] == "Other"


def test_an_operators_run_keeps_what_was_recorded_of_the_command() -> None:
    changed = after_on(APPROVED_3, operator("started", specification=OTHER), operator("decided"))
    result = plan(changed, run("started", 3, 5))
    assert result.recorded is not None
    assert result.recorded.evidence == EVIDENCE


def test_an_operators_whole_run_stays_under_one_attempt() -> None:
    started = after(operator("started"))
    fence = started.fence
    document = after_on(
        started,
        operator("restored", fence),
        operator("stopped", fence),
        operator("decided", fence, decision="rolled_back"),
    )
    assert (document.fence, document.decided) == (fence, "rolled_back")


def test_an_operators_run_over_a_command_in_flight_fences_it_out() -> None:
    in_flight = after_on(APPROVED_3, run("started", 4))
    taken = plan(in_flight, operator("stopped")).document
    assert (taken.fence, taken.command) == (Fence(4, 2), "")
    stale(taken, run("decided", 4))
    stale(taken, run("started", 4, 2))
    assert plan(taken, run("started", 4, 3)).document.command == command_id(4)


@pytest.mark.parametrize("transition", ["decided", "restored", "stopped"])
def test_an_operators_run_under_a_fence_does_not_touch_a_command_in_flight(transition: str) -> None:
    in_flight = after_on(APPROVED_3, run("started", 4, specification=OTHER))
    stale(in_flight, operator(transition, in_flight.fence))


def test_an_operators_run_whose_fence_is_gone_is_refused() -> None:
    stale(after_on(APPROVED_3, run("started", 4)), operator("decided", APPROVED_3.fence))


def test_an_operators_stop_of_a_bot_that_was_left_stopped_is_approved() -> None:
    left = after_on(
        after(operator("started"), operator("decided")),
        operator("started", specification=OTHER),
        operator("stopped"),
        operator("decided", decision="rolled_back"),
    )
    assert left.approved.state.replicas == 1
    approved = after_on(left, operator("stopped"), operator("decided"))
    assert (approved.approved.state.replicas, approved.decided) == (0, "approved")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"transition": "stopped", "command": "0x12", "fence": Fence(1, 1)}, "64 hexadecimal"),
        ({"transition": "stopped", "command": command_id(1)}, "sequence and attempt"),
        ({"transition": "stopped", "command": command_id(1), "fence": Fence(0, 1)}, "sequence and attempt"),
        ({"transition": "stopped", "command": command_id(1), "fence": Fence(1, 0)}, "sequence and attempt"),
        ({"transition": "started"}, "specification"),
        ({"transition": "decided"}, "approved or rolled_back"),
        ({"transition": "decided", "decision": "approved", "reason": "bot_not_ready"}, "known reasons"),
        ({"transition": "decided", "decision": "rolled_back"}, "known reasons"),
        ({"transition": "decided", "decision": "rolled_back", "reason": "because"}, "known reasons"),
        ({"transition": "decided", "decision": "approved", "evidence": {"password": "x"}}, "Evidence"),
        ({"transition": "decided", "decision": "approved", "evidence": {"commit": {"a": 1}}}, "Evidence"),
    ],
)
def test_a_request_that_makes_no_sense_is_the_callers_fault(values: dict[str, t.Any], fault: str) -> None:
    with pytest.raises(PlatformError, match=fault) as caught:
        Request(CLIENT, **values)
    assert caught.value.code == "usage"


def test_rendering_needs_every_name_of_the_specification() -> None:
    for name in SPECIFICATION:
        with pytest.raises(KeyError):
            render({key: value for key, value in SPECIFICATION.items() if key != name})


fences = st.tuples(st.integers(1, 3), st.integers(1, 2))
specifications = st.sampled_from([SPECIFICATION, OTHER])
decisions = st.sampled_from(["approved", "rolled_back"])


@st.composite
def requests(draw: st.DrawFn) -> Request:
    transition = draw(st.sampled_from(["registered", "stopped", "restored", *["started", "decided"] * 2]))
    values: dict[str, t.Any] = {}
    if transition == "started":
        values["specification"] = draw(specifications)
    if transition == "decided":
        values["decision"] = draw(decisions)
    if draw(st.integers(0, 3)) == 0:
        fence = draw(st.none() | fences.map(lambda pair: Fence(*pair)))
        return operator(transition, fence, **values)
    return run(transition, *draw(fences), **values)


def attempt(document: Document | None, request: Request) -> Plan | None:
    try:
        return plan(document, request)
    except PlatformError as error:
        if error.code != "fence_stale":
            raise
        return None


@settings(max_examples=200)
@given(st.lists(requests(), min_size=10, max_size=30))
def test_the_fence_holds_for_any_order_of_runs(history: list[Request]) -> None:
    document: Document | None = None
    decided: dict[str, str] = {}
    for request in history:
        result = attempt(document, request)
        if result is None:
            continue
        before, after_ = document or Document.initial(CLIENT), result.document
        never_goes_back(before, after_)
        command_is_decided_once(after_, decided)
        approved_changes_only_by_an_approval(before, after_, request)
        repeated_it_changes_nothing(after_, request)
        document = after_


def never_goes_back(before: Document, after_: Document) -> None:
    assert after_.fence >= before.fence
    if before.command and after_.command != before.command:
        assert after_.fence > before.fence


def command_is_decided_once(document: Document, decided: dict[str, str]) -> None:
    if document.command and document.decided:
        assert decided.setdefault(document.command, document.decided) == document.decided
    else:
        assert document.command not in decided


def approved_changes_only_by_an_approval(before: Document, after_: Document, request: Request) -> None:
    if after_.approved != before.approved:
        assert (request.transition, request.decision) == ("decided", "approved")
        assert after_.approved.state == before.live == after_.live
        if request.command:
            assert (before.fence, before.command) == (request.fence, request.command)
    if request.transition == "decided":
        assert after_.live == before.live


def repeated_it_changes_nothing(document: Document, request: Request) -> None:
    again = attempt(document, request)
    assert again is None or again.document == document
