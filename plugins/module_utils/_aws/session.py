# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Clients of AWS's services, with the credentials that boto3 finds by itself, and typed errors."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

# Must be kept in sync with plugins/doc_fragments/aws.py
ARGUMENT_SPEC: t.Final[dict[str, t.Any]] = {
    "region": {"type": "str"},
    "profile": {"type": "str"},
    "endpoint_url": {"type": "str"},
}

_CREDENTIALS: t.Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_REGION: t.Final = frozenset({"301", "PermanentRedirect", "AuthorizationHeaderMalformed", "OptInRequired"})


class Session:
    """Where and as whom services are asked.

    :param region: None takes that of ``AWS_REGION``, else leaves it to boto3, which looks everywhere but
        there.
    :param profile: section of AWS's configuration files; None leaves it to boto3.
    :param endpoint_url: address of the services, where it is not the region's own.
    :raises PlatformError: ``library_missing``, ``credentials_invalid`` for an unknown profile,
        ``region_wrong`` when no region is known.
    """

    def __init__(
        self, region: str | None, profile: str | None = None, endpoint_url: str | None = None
    ) -> None:
        # Imported here, because it takes half a second that modules without AWS need not spend.
        try:
            import boto3
            import botocore.exceptions
        except ImportError:
            raise PlatformError("library_missing", "The Python library boto3 is missing") from None
        try:
            self._session = boto3.Session(
                region_name=region or os.environ.get("AWS_REGION"), profile_name=profile
            )
        except botocore.exceptions.ProfileNotFound:
            raise PlatformError(
                "credentials_invalid", f"AWS's configuration has no profile {profile}"
            ) from None
        self._endpoint_url = endpoint_url
        self.profile = profile
        self.region: str = self._session.region_name or ""
        if not self.region:
            raise PlatformError("region_wrong", "No region is given, and AWS's configuration names none")

    def client(self, service: str) -> t.Any:
        """Return boto3's client of a service; raise ``region_wrong`` for a region of no possible name."""
        import botocore.config
        import botocore.exceptions

        config = botocore.config.Config(
            connect_timeout=10, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3}
        )
        try:
            client: t.Any = self._session.client
            return client(service, endpoint_url=self._endpoint_url, config=config)
        except (botocore.exceptions.BotoCoreError, ValueError) as error:
            raise PlatformError(
                "region_wrong", f"Cannot use {service} in the region {self.region}: {type(error).__name__}"
            ) from None

    def knows_region(self) -> bool:
        """Tell whether the region is on boto3's list, which lacks those that are newer than boto3."""
        partitions = self._session.get_available_partitions()
        return any(self.region in self._session.get_available_regions("ec2", each) for each in partitions)


@contextlib.contextmanager
def translated(doing: str, session: Session) -> t.Iterator[None]:
    """Turn the errors of boto3 into ours.

    :param doing: what the block does, such as ``read the cluster demo``.
    :param session: whose region may be the reason that nobody answers.
    :raises PlatformError: ``credentials_invalid``, ``permission_denied``, ``region_wrong``,
        ``aws_unreachable``.
    """
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        answer = error.response["Error"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        said = answer.get("Message") or answer["Code"]
        raise PlatformError(_meaning(answer["Code"], status), f"Cannot {doing}: {said}") from None
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.TokenRetrievalError,
        exceptions.SSOTokenLoadError,
        exceptions.UnauthorizedSSOTokenError,
    ) as error:
        raise PlatformError("credentials_invalid", f"Cannot {doing}: {error}") from None
    except exceptions.BotoCoreError as error:
        if isinstance(error, exceptions.ConnectionError) and not session.knows_region():
            raise PlatformError(
                "region_wrong", f"Cannot {doing}: nobody answers, and boto3 knows no region {session.region}"
            ) from None
        raise PlatformError("aws_unreachable", f"Cannot {doing}: {type(error).__name__}: {error}") from None


def _meaning(code: str, status: int) -> str:
    if code in _CREDENTIALS:
        return "credentials_invalid"
    if code in _REGION:
        return "region_wrong"
    if status == 403 or code.startswith(("AccessDenied", "UnauthorizedOperation")):
        return "permission_denied"
    return "aws_unreachable"


def session_of(options: t.Mapping[str, t.Any]) -> Session:
    """Return the session that the options name."""
    return Session(options["region"], options["profile"], options["endpoint_url"])


__all__ = ("ARGUMENT_SPEC", "Session", "session_of", "translated")
