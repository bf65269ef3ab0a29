# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Whom the credentials belong to, and whether the bucket of the state is there."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._aws.session import (
    Session,
    translated,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

_ASSUMED: t.Final = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")
_REGION: t.Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def look(session: Session, bucket: str | None = None) -> dict[str, t.Any]:
    """Return the account, the principal and the region of the session, and whether the bucket exists.

    :raises PlatformError: those of :func:`translated`, and ``region_wrong`` for a bucket of another region.
    """
    if not _REGION.fullmatch(session.region):
        raise PlatformError("region_wrong", f"{session.region} is no region of AWS, such as eu-central-1")
    with translated("ask AWS whose credentials these are"):
        identity = session.client("sts").get_caller_identity()
    return {
        "account_id": identity["Account"],
        "arn": identity["Arn"],
        "principal_arn": principal(identity["Arn"]),
        "region": session.region,
        "bucket_exists": None if bucket is None else _bucket_exists(session, bucket),
    }


def principal(arn: str) -> str:
    """Return the role behind the ARN of an assumed one, any other ARN as it is; paths of roles get lost."""
    assumed = _ASSUMED.fullmatch(arn)
    return arn if assumed is None else "arn:{}:iam::{}:role/{}".format(*assumed.groups())


def _bucket_exists(session: Session, bucket: str) -> bool:
    from botocore.exceptions import ClientError

    client = session.client("s3")
    with translated(f"look at the bucket {bucket}"):
        try:
            client.head_bucket(Bucket=bucket)
            place = client.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
                return False
            raise
    if place != session.region:
        raise PlatformError(
            "region_wrong", f"The bucket {bucket} is in the region {place}, not in {session.region}"
        )
    return True


__all__ = ("look", "principal")
