# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import stored_password

from .conftest import Room

CANARY = "canary-63a1-of-a-master"


def _store(room: Room, text: str) -> str:
    arn: str = room.aws.create_secret(Name=f"rds!{room.client.host}", SecretString=text)["ARN"]
    return arn


def test_the_password_of_a_managed_master_is_read_by_its_arn(aws_room: Room, aws_url: str) -> None:
    arn = _store(aws_room, f'{{"username": "master", "password": "{CANARY}"}}')
    assert stored_password(arn, None, aws_url) == CANARY


@pytest.mark.parametrize("text", [CANARY, f'["{CANARY}"]', '{"username": "master"}', '{"password": ""}'])
def test_a_secret_with_something_else_is_refused_without_showing_it(
    aws_room: Room, aws_url: str, text: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        stored_password(_store(aws_room, text), "eu-central-1", aws_url)
    assert caught.value.code == "secret_conflict"
    assert CANARY not in caught.value.message


def test_a_secret_that_is_not_there_is_named(aws_room: Room, aws_url: str) -> None:
    with pytest.raises(PlatformError, match="There is no secret nowhere") as caught:
        stored_password("nowhere", "eu-central-1", aws_url)
    assert caught.value.code == "secret_conflict"


def test_a_store_that_does_not_answer_leaves_it_open(aws_room: Room) -> None:
    with pytest.raises(PlatformError) as caught:
        stored_password("any", "eu-central-1", "http://127.0.0.1:1")
    assert caught.value.code == "secret_store_unreachable"
