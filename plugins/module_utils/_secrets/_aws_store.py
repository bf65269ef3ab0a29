# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Secrets of AWS Secrets Manager: one JSON document for each, its notes under a key of its own."""

from __future__ import annotations

import contextlib
import json
import typing as t
import uuid

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._store import (
    Changed,
    Content,
    Secret,
)

_NOTES: t.Final = "platform"
_IMMUTABLE: t.Final = "immutable"
_CURRENT: t.Final = "AWSCURRENT"


class AwsStore:
    """A :class:`Store` in one account and region; its versions are VersionIds.

    :param client: of boto3, for ``secretsmanager``.
    :param prefix: what the names have before the client's own, such as ``bot_freqtrade/``.
    :param owner: the host name of the client, with which all of its secrets begin.
    """

    def __init__(self, client: t.Any, prefix: str, owner: str) -> None:
        self._client = client
        self._prefix = prefix
        self._owner = owner

    def read(self, name: str) -> Secret | None:
        try:
            with translated("read", name):
                found = self._client.get_secret_value(SecretId=self._prefix + name, VersionStage=_CURRENT)
        except Missing:
            return None
        try:
            data = json.loads(found["SecretString"])
            notes = data.pop(_NOTES, {})
        except (KeyError, ValueError, AttributeError):
            raise PlatformError(
                "secret_conflict", f"The secret {name} is not one that the platform made"
            ) from None
        immutable = notes.pop(_IMMUTABLE, False)
        return Secret(name, Content(data, notes, immutable), found["VersionId"])

    def names(self) -> list[str]:
        start = f"{self._prefix}{self._owner}-"
        found: list[str] = []
        with translated("list", start):
            pages = self._client.get_paginator("list_secrets").paginate(
                Filters=[{"Key": "name", "Values": [start]}]
            )
            for page in pages:
                found += [each["Name"] for each in page["SecretList"]]
        # The filter of the service ignores case and knows words.
        return sorted(name.removeprefix(self._prefix) for name in found if name.startswith(start))

    def create(self, name: str, content: Content) -> None:
        with translated("create", name):
            self._client.create_secret(Name=self._prefix + name, SecretString=_document(content))

    def replace(self, secret: Secret, content: Content) -> None:
        """Store a version beside the current one, then move the label from the version that was read."""
        identifier, version = self._prefix + secret.name, str(uuid.uuid4())
        with translated("change", secret.name):
            self._client.put_secret_value(
                SecretId=identifier,
                ClientRequestToken=version,
                SecretString=_document(content),
                VersionStages=[f"proposed-{version}"],
            )
            try:
                self._client.update_secret_version_stage(
                    SecretId=identifier,
                    VersionStage=_CURRENT,
                    MoveToVersionId=version,
                    RemoveFromVersionId=secret.version,
                )
            except self._client.exceptions.InvalidParameterException:
                raise Changed from None
            finally:
                self._forget_proposal(identifier, version)

    def delete(self, name: str) -> None:
        with contextlib.suppress(Missing), translated("delete", name):
            self._client.delete_secret(SecretId=self._prefix + name, ForceDeleteWithoutRecovery=True)

    def _forget_proposal(self, identifier: str, version: str) -> None:
        """Take the label off, so that a version that was not taken up is removed by the service."""
        self._client.update_secret_version_stage(
            SecretId=identifier, VersionStage=f"proposed-{version}", RemoveFromVersionId=version
        )


def connect(region: str | None, endpoint_url: str | None) -> t.Any:
    """Return a client of Secrets Manager with the credentials that boto3 finds by itself.

    :raises PlatformError: ``library_missing``, or ``usage`` when no region is known.
    """
    # Imported here, because it takes half a second that runs with Kubernetes need not spend.
    try:
        import boto3
        import botocore.config
        import botocore.exceptions
    except ImportError:
        raise PlatformError("library_missing", "The Python library boto3 is missing") from None
    config = botocore.config.Config(
        connect_timeout=10, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}
    )
    try:
        return boto3.client("secretsmanager", region_name=region, endpoint_url=endpoint_url, config=config)
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        raise PlatformError("usage", f"Cannot use AWS Secrets Manager: {type(error).__name__}") from None


class Missing(Exception):
    """There is no such secret."""


@contextlib.contextmanager
def translated(verb: str, name: str) -> t.Iterator[None]:
    """Turn the errors of boto3 into ours; their texts are left out, because they may quote the request."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ResourceNotFoundException":
            raise Missing from None
        if code == "ResourceExistsException":
            raise Changed from None
        raise _unreachable(verb, name, code) from None
    except BotoCoreError as error:
        raise _unreachable(verb, name, type(error).__name__) from None


def _unreachable(verb: str, name: str, why: str) -> PlatformError:
    return PlatformError(
        "secret_store_unreachable", f"Cannot {verb} the secret {name} in AWS Secrets Manager: {why}"
    )


def _document(content: Content) -> str:
    notes: dict[str, t.Any] = dict(content.notes)
    if content.immutable:
        notes[_IMMUTABLE] = True
    return json.dumps({**content.data, _NOTES: notes})


__all__ = ("AwsStore", "Missing", "connect", "translated")
