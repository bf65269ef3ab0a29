# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""No secret leaves by a text, a chained exception, a log record or a pickle."""

from __future__ import annotations

import copy
import json
import logging
import pathlib
import pickle
import traceback
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    Command,
    ExchangeKeys,
    KeyStore,
    PrivateKey,
    Provenance,
    check_and_open,
    open_command,
    pad,
    seal,
    seal_bytes,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

Json = dict[str, t.Any]
CANARY = "CANARY"


def everything_said(error: BaseException) -> str:
    """Return all that an exception and those it is chained to can print."""
    texts = ["".join(traceback.format_exception(error))]
    chained: BaseException | None = error
    while chained is not None:
        texts += [repr(chained), str(chained), repr(chained.args), repr(vars(chained))]
        chained = chained.__cause__ or chained.__context__
    return "\n".join(texts)


BAD_PLAINTEXTS = [
    '{"operation":"trade.start","CANARY":"CANARY"}',
    '{"operation":"CANARY"}',
    '{"operation":["CANARY"]}',
    '{"operation":"trade.stop","exchange":"CANARY"}',
    '{"operation":"trade.start","specification":"CANARY"}',
    '{"operation":"trade.start","specification":{"CANARY":{"CANARY":1}}}',
    '{"operation":"trade.start","specification":{},"exchange":{"key":"CANARY","secret":"CANARY"}}',
    '{"operation":"trade.start","specification":{},"exchange":{"key":{"CANARY":"CANARY"}}}',
    '{"CANARY":1,"CANARY":2}',
    '{"secret":"CANARY"',
    '{"secret":"CANARY\ud800"}',
    "CANARY",
]


@pytest.mark.parametrize("plaintext", BAD_PLAINTEXTS)
def test_a_refusal_repeats_nothing_of_the_plaintext(
    plaintext: str, key: PrivateKey, provenance: Provenance, keystore: KeyStore
) -> None:
    sealed = seal_bytes(
        pad(plaintext.encode("utf-8", "surrogatepass")), key.public_key, provenance.binding(key.suite)
    )
    with pytest.raises(PlatformError) as caught:
        open_command(sealed, provenance, keystore)
    assert CANARY not in everything_said(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("key", "CANARY!"), ("secret", "CANARY\n"), ("secret", 7), ("CANARY", "x"), ("key", ["CANARY"])],
)
def test_sealing_bad_exchange_keys_repeats_nothing_of_them(
    start: Json, exchange: Json, field: str, value: object, key: PrivateKey, provenance: Provenance
) -> None:
    command = start | {"exchange": exchange | {field: value}}
    with pytest.raises(PlatformError) as caught:
        seal(command, key.public_key, provenance.binding(key.suite))
    assert CANARY not in everything_said(caught.value)


def test_an_error_in_a_question_to_the_chain_repeats_nothing(
    start: Json, exchange: Json, key: PrivateKey, provenance: Provenance, keystore: KeyStore
) -> None:
    payload = seal(start | {"exchange": exchange}, key.public_key, provenance.binding(key.suite))

    def blind(*_question: object) -> bool:
        raise PlatformError("chain_unreachable", "The RPC endpoint does not answer")

    with pytest.raises(PlatformError) as caught:
        check_and_open(
            payload, provenance, keystore, stop=False, revoked=lambda key_id: False, authorised=blind
        )
    assert CANARY not in everything_said(caught.value)


@pytest.fixture
def command(exchange: Json) -> Command:
    return Command("trade.start", {"strategy": "Trend"}, ExchangeKeys(exchange["key"], exchange["secret"]))


def test_a_command_shows_only_its_public_part(command: Command, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").error("%s %r", command, command.exchange)
    for text in (
        repr(command),
        str(command),
        f"{command}",
        repr([command.exchange]),
        str(command.exchange),
        caplog.text,
    ):
        assert CANARY not in text
    assert "Trend" in repr(command)


def test_exchange_keys_are_never_pickled_copied_or_turned_into_json(command: Command) -> None:
    for spill in (pickle.dumps, copy.copy, json.dumps):
        with pytest.raises(TypeError) as caught:
            spill(command.exchange)
        assert CANARY not in everything_said(caught.value)
    with pytest.raises(TypeError):
        vars(command.exchange)
    with pytest.raises(TypeError):
        pickle.dumps(command)


def test_a_damaged_key_file_repeats_nothing_of_its_content(tmp_path: pathlib.Path) -> None:
    store = KeyStore(tmp_path)
    key = store.generate(1)
    path = tmp_path / f"{key.key_id.hex()}.key"
    for content in ('{"suite": 1, "private_key": "CANARY"}', "CANARY", '{"CANARY": 1}'):
        path.write_text(content)
        with pytest.raises(PlatformError) as caught:
            store.private_key(key.key_id)
        assert CANARY not in everything_said(caught.value)
