# SPDX-License-Identifier: GPL-3.0-or-later
"""The age of the platform's keys on a real chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from listener.chain import AnswerError, ChainReader, Rpc
from listener.chain.rpc import Call
from listener.monitor import keys
from listener.monitor.keys import Keys

from .conftest import Read

if TYPE_CHECKING:
    from tests.integration.listener.conftest import Listener
    from tests.support.rpc_proxy import RpcProxy

PUBLISHED = "platform_key_published_timestamp_seconds"
UNREAD = "platform_key_blocks_unread{}"


def source(listener: Listener, **changes: str) -> Keys:
    settings = listener.watch_settings(**changes)
    return Keys(ChainReader(settings), settings.start_block)


def published(found: dict[str, float]) -> dict[str, float]:
    return {name.removeprefix(PUBLISHED): at for name, at in found.items() if name.startswith(PUBLISHED)}


def test_a_key_has_the_time_of_the_block_that_published_it(listener: Listener, read: Read) -> None:
    at = listener.chain.web3.eth.get_block("latest")["timestamp"]
    listener.chain.finalize()
    found = read(source(listener))
    assert published(found) == {f"{{key_id=0x{listener.key_id.hex()},suite=1,current=true}}": at}
    assert found[UNREAD] == 0


def test_a_rotated_key_stays_until_it_is_revoked(listener: Listener, read: Read) -> None:
    keys_of_chain = source(listener)
    new = listener.platform.publish_key(1, bytes(32))
    other = listener.platform.publish_key(2, bytes(1216))
    listener.chain.finalize()
    told = published(read(keys_of_chain))
    assert set(told) == {
        f"{{key_id=0x{listener.key_id.hex()},suite=1,current=false}}",
        f"{{key_id=0x{new.hex()},suite=1,current=true}}",
        f"{{key_id=0x{other.hex()},suite=2,current=true}}",
    }
    listener.platform.revoke_key(listener.key_id)
    listener.platform.revoke_key(other)
    listener.chain.finalize()
    assert set(published(read(keys_of_chain))) == {f"{{key_id=0x{new.hex()},suite=1,current=true}}"}


def test_a_key_that_is_not_final_is_not_told_yet(listener: Listener, read: Read) -> None:
    listener.chain.finalize()
    keys_of_chain = source(listener)
    listener.platform.publish_key(1, bytes(32))
    assert len(published(read(keys_of_chain))) == 1


def test_a_long_chain_is_read_over_several_scrapes(
    listener: Listener, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MOST_BLOCKS", 3)
    monkeypatch.setattr(keys, "STEPS", 2)
    listener.chain.mine(20)
    keys_of_chain = source(listener)
    left = [read(keys_of_chain)[UNREAD]]
    while left[-1]:
        left.append(read(keys_of_chain)[UNREAD])
    assert len(left) > 3
    assert left == sorted(left, reverse=True)
    assert len(published(read(keys_of_chain))) == 1


class LimitedRpc(Rpc):
    """A provider that gives logs of a few blocks only."""

    most = 3

    def results(self, calls: Sequence[Call]) -> list[Any]:
        for method, parameters in calls:
            if method == "eth_getLogs":
                query = parameters[0]
                if int(query["toBlock"], 16) - int(query["fromBlock"], 16) >= self.most:
                    raise AnswerError(-32005, "too many blocks")
        return super().results(calls)


def test_a_provider_s_limit_is_met_by_fewer_blocks(listener: Listener, read: Read) -> None:
    listener.chain.mine(8)
    settings = listener.watch_settings()
    reader = ChainReader(settings, LimitedRpc(settings.rpc, 5))
    keys_of_chain = Keys(reader, settings.start_block)
    while read(keys_of_chain)[UNREAD]:
        pass
    assert len(published(read(keys_of_chain))) == 1


def test_a_provider_that_gives_no_logs_at_all_is_away(
    listener: Listener, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LimitedRpc, "most", 0)
    listener.chain.finalize()
    settings = listener.watch_settings()
    found = read(Keys(ChainReader(settings, LimitedRpc(settings.rpc, 5)), settings.start_block))
    assert found["platform_monitor_source_up{source=it}"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("address", "0x" + "1" * 40), ("blockNumber", hex(10**9)), ("topics", ["0x" + "1" * 64] * 2)],
)
def test_a_log_that_was_not_asked_for_is_not_believed(
    listener: Listener, proxy: RpcProxy, read: Read, field: str, value: object
) -> None:
    listener.chain.finalize()
    proxy.lie("eth_getLogs", lambda _, logs: [{**log, field: value} for log in logs])
    found = read(source(listener, rpc_url=proxy.url))
    assert found["platform_monitor_source_up{source=it}"] == 0
    assert published(found) == {}
