# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import io
import typing as t

import hypothesis.strategies as st
import pytest
import ruamel.yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.document import (
    Approved,
    Decision,
    Document,
    Fence,
    State,
)
from hypothesis import given

CLIENT = Client(1)
NUMBER_LIKE = [
    "12345e67",
    "0x10",
    "1_000",
    "0o17",
    "1:30",
    "yes",
    "null",
    "~",
    "-",
    ".5",
    "2026-11-22",
    "",
    "=",
]

texts = st.sampled_from(NUMBER_LIKE) | st.text(st.characters(codec="utf-8"), max_size=40)
states = st.builds(
    State,
    st.integers(0, 1),
    st.fixed_dictionaries({"strategy": texts, "pairs": st.lists(texts, max_size=3)}),
    st.fixed_dictionaries({"database": texts, "api": texts, "exchange": texts}),
)
documents = st.builds(
    Document,
    client=st.just(CLIENT),
    live=states,
    approved=st.builds(Approved, st.integers(0, 9), states),
    fence=st.builds(Fence, st.integers(0, 9), st.integers(0, 9)),
    command=texts,
    decided=st.sampled_from(t.get_args(Decision)),
    reason=texts,
    evidence=st.dictionaries(st.sampled_from(["commit", "pod_uid"]), st.none() | texts),
)


@given(documents)
def test_a_document_comes_back_from_its_text(document: Document) -> None:
    assert Document.parse(CLIENT, document.text().encode()) == document


@given(documents)
def test_the_text_says_the_same_to_a_reader_of_yaml_1_2(document: Document) -> None:
    read = ruamel.yaml.YAML(typ="safe", pure=True).load(io.StringIO(document.text()))
    assert read == document.values()


def test_the_first_document_of_a_client_is_a_stopped_bot_that_nobody_approved() -> None:
    values = Document.initial(CLIENT).values()
    assert values["replicas"] == 0
    assert values["platform"]["approved"]["replicas"] == 0
    assert values["secrets"] == {"database": "cliente-001-database", "api": "cliente-001-api", "exchange": ""}


def test_a_file_without_a_fence_is_a_client_at_the_start() -> None:
    document = Document.parse(CLIENT, b"replicas: 0\n")
    assert document == Document.initial(CLIENT)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"a: [", "it is not YAML"),
        (b"\xff\xfe\x00", "it is not YAML"),
        (b"- 1", "it is not a mapping"),
        (b"", "it is not a mapping"),
        (b"!!python/object/apply:os.getcwd []", "it is not YAML"),
        (b"replicas: true", "replicas is not of type int"),
        (b"platform: []", "platform is not of type dict"),
        (b"platform: {sequence: 7.0}", "sequence is not of type int"),
        (b"platform: {decided: maybe}", "platform.decided is unknown"),
        (b"platform: {client: 2}", "platform.client is another client"),
        (b"platform: {approved: {replicas: x}}", "replicas is not of type int"),
    ],
)
def test_a_file_whose_fence_cannot_be_read_is_never_overwritten(text: bytes, fault: str) -> None:
    with pytest.raises(PlatformError, match=fault) as caught:
        Document.parse(CLIENT, text)
    assert caught.value.code == "undecided"
    assert "clientes/cliente-001/values.yaml" in caught.value.message
