# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A password that AWS Secrets Manager holds, such as the one RDS makes for its master user."""

from __future__ import annotations

import json

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._aws_store import (
    Missing,
    connect,
    translated,
)


def stored_password(secret: str, region: str | None, endpoint_url: str | None) -> str:
    """Return the value of ``password`` in the JSON document of a secret, as RDS writes it.

    :param secret: ARN or name.
    :param region: of the secret; None takes the ARN's, and without one that of boto3's own places.
    :raises PlatformError: ``secret_conflict`` for a secret that is not there or holds something else,
        ``secret_store_unreachable``, ``library_missing`` or ``usage``.
    """
    client = connect(region or _region_of(secret), endpoint_url)
    try:
        with translated("read", secret):
            found = client.get_secret_value(SecretId=secret)
    except Missing:
        raise PlatformError("secret_conflict", f"There is no secret {secret}") from None
    try:
        password = json.loads(found["SecretString"])["password"]
    except (KeyError, ValueError, TypeError):
        password = None
    if not isinstance(password, str) or not password:
        raise PlatformError("secret_conflict", f"The secret {secret} holds no JSON document with a password")
    return password


def _region_of(secret: str) -> str | None:
    parts = secret.split(":")
    return parts[3] if len(parts) > 6 and parts[0] == "arn" else None


__all__ = ("stored_password",)
