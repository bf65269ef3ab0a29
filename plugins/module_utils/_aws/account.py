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


def look(session: Session, regional_bucket: str | None = None) -> dict[str, t.Any]:
    """Return the account, the principal and the region of the session, and whether the bucket exists.

    :param regional_bucket: beginning of a bucket's name that ends with the region.
    :raises PlatformError: those of :func:`translated`, ``region_wrong`` when another region has the bucket.
    """
    if not _REGION.fullmatch(session.region):
        raise PlatformError("region_wrong", f"{session.region} is no region of AWS, such as eu-central-1")
    with translated("ask AWS whose credentials these are", session):
        identity = session.client("sts").get_caller_identity()
    return {
        "account_id": identity["Account"],
        "arn": identity["Arn"],
        "principal_arn": principal(identity["Arn"]),
        "region": session.region,
        "bucket": None if regional_bucket is None else _bucket(session, regional_bucket),
    }


def principal(arn: str) -> str:
    """Return the role behind the ARN of an assumed one, any other ARN as it is; paths of roles get lost."""
    assumed = _ASSUMED.fullmatch(arn)
    return arn if assumed is None else "arn:{}:iam::{}:role/{}".format(*assumed.groups())


def _bucket(session: Session, prefix: str) -> dict[str, t.Any]:
    """Find a bucket of our account by its prefix: somebody else's of that name is not among them."""
    with translated("list the buckets", session):
        pages = session.client("s3").get_paginator("list_buckets").paginate(Prefix=prefix)
        names = [bucket["Name"] for page in pages for bucket in page.get("Buckets", [])]
    places = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    elsewhere = sorted(place for place in places - {session.region} if _REGION.fullmatch(place))
    if elsewhere:
        raise PlatformError(
            "region_wrong",
            f"There is a bucket {prefix}{elsewhere[0]}, so it is in the region {elsewhere[0]}, "
            f"not {session.region}",
        )
    return {"name": prefix + session.region, "exists": session.region in places}


__all__ = ("look", "principal")
