# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _aws
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._aws.account import look, principal
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._aws.session import translated
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError


def test_the_account_is_told_and_no_bucket_is_looked_for(session: _aws.Session) -> None:
    found = look(session)
    assert found["account_id"] == "123456789012"
    assert found["region"] == "eu-central-1"
    assert found["bucket"] is None


def test_a_bucket_is_found_by_its_region_and_in_no_other(session: _aws.Session) -> None:
    name = "some-state-eu-central-1"
    assert look(session, "some-state-")["bucket"] == {"name": name, "exists": False}
    place = t.cast("t.Any", {"LocationConstraint": "eu-central-1"})
    for each in (name, "some-state-of-others", "another-some-state-eu-west-1"):
        session.client("s3").create_bucket(Bucket=each, CreateBucketConfiguration=place)
    assert look(session, "some-state-")["bucket"] == {"name": name, "exists": True}
    with pytest.raises(PlatformError, match="in the region eu-central-1, not eu-west-1") as caught:
        look(_aws.Session("eu-west-1"), "some-state-")
    assert caught.value.code == "region_wrong"


@pytest.mark.parametrize("region", ["eu-central-1a", "frankfurt", "eu central"])
def test_an_impossible_region_is_refused_before_anything_is_asked(session: _aws.Session, region: str) -> None:
    with pytest.raises(PlatformError) as caught:
        look(_aws.Session(region))
    assert caught.value.code == "region_wrong"


def test_no_region_at_all_is_refused(session: _aws.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(PlatformError) as caught:
        _aws.Session(None)
    assert caught.value.code == "region_wrong"


def test_missing_credentials_are_told(session: _aws.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(PlatformError) as caught:
        look(_aws.Session("eu-central-1"))
    assert caught.value.code == "credentials_invalid"


def test_an_unknown_profile_is_told(session: _aws.Session) -> None:
    with pytest.raises(PlatformError, match="no profile nobody") as caught:
        _aws.Session("eu-central-1", "nobody")
    assert caught.value.code == "credentials_invalid"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ("ExpiredToken", 403, "credentials_invalid"),
        ("InvalidClientTokenId", 403, "credentials_invalid"),
        ("AccessDeniedException", 400, "permission_denied"),
        ("UnauthorizedOperation", 403, "permission_denied"),
        ("403", 403, "permission_denied"),
        ("PermanentRedirect", 301, "region_wrong"),
        ("ThrottlingException", 400, "aws_unreachable"),
        ("InternalFailure", 500, "aws_unreachable"),
    ],
)
def test_an_answer_of_aws_has_one_meaning(session: _aws.Session, answer: str, status: int, code: str) -> None:
    response: t.Any = {
        "Error": {"Code": answer, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    with pytest.raises(PlatformError, match=f"Cannot look: {answer}") as caught, translated("look", session):
        raise ClientError(response, "Look")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("region", "code"),
    [
        ("eu-central-1", "aws_unreachable"),
        ("us-gov-west-1", "aws_unreachable"),
        ("cn-north-1", "aws_unreachable"),
        ("eu-central-9", "region_wrong"),
    ],
)
def test_no_answer_concludes_nothing_but_where_there_is_no_such_region(region: str, code: str) -> None:
    with pytest.raises(PlatformError) as caught, translated("look", _aws.Session(region)):
        raise EndpointConnectionError(endpoint_url="https://nowhere")
    assert caught.value.code == code


def test_an_answer_that_was_cut_short_says_nothing_about_the_region() -> None:
    with pytest.raises(PlatformError) as caught, translated("look", _aws.Session("eu-central-9")):
        raise ConnectionClosedError(endpoint_url="https://nowhere")
    assert caught.value.code == "aws_unreachable"


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        ("arn:aws:sts::123456789012:assumed-role/operators/ana", "arn:aws:iam::123456789012:role/operators"),
        ("arn:aws-cn:sts::123456789012:assumed-role/ops/a@b", "arn:aws-cn:iam::123456789012:role/ops"),
        ("arn:aws:iam::123456789012:user/ana", "arn:aws:iam::123456789012:user/ana"),
    ],
)
def test_the_principal_of_a_session_is_its_role(arn: str, found: str) -> None:
    assert principal(arn) == found
