# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The one error family of the collection and what each of its codes means.

A code is at most 31 ASCII characters, because the contract stores it as ``bytes32``.
"""

from __future__ import annotations

import enum
import typing as t


class Category(enum.StrEnum):
    """What the playbook may conclude from an error."""

    REFUSED = "refused"
    """The request itself is wrong; running it again gives the same answer."""
    UNHEALTHY = "unhealthy"
    """The bot was seen, and it does not trade."""
    STALE = "stale"
    """A newer command or attempt owns the client; this run has lost its turn."""
    UNDECIDED = "undecided"
    """The platform could not see; nothing may be concluded."""
    USAGE = "usage"
    """The caller's options are wrong; nothing was touched."""


CODES: t.Final[dict[str, Category]] = {
    # envelope and authorisation, in the order of the checks
    "payload_too_big": Category.REFUSED,
    "payload_malformed": Category.REFUSED,
    "key_unknown": Category.REFUSED,
    "key_revoked": Category.REFUSED,
    "suite_not_allowed": Category.REFUSED,
    "payload_not_opened": Category.REFUSED,
    "payload_schema": Category.REFUSED,
    "operation_unknown": Category.REFUSED,
    "stop_flag_mismatch": Category.REFUSED,
    "sender_not_authorised": Category.REFUSED,
    # specification, secrets, schema
    "specification_invalid": Category.REFUSED,
    "strategy_unknown": Category.REFUSED,
    "exchange_secret_missing": Category.REFUSED,
    "manifest_refused": Category.REFUSED,
    "sync_refused": Category.REFUSED,
    # the bot was seen
    "strategy_not_loadable": Category.UNHEALTHY,
    "strategy_raises": Category.UNHEALTHY,
    "exchange_key_refused": Category.UNHEALTHY,
    "config_invalid": Category.UNHEALTHY,
    "out_of_memory": Category.UNHEALTHY,
    "image_unavailable": Category.UNHEALTHY,
    "bot_crashed": Category.UNHEALTHY,
    "bot_unstable": Category.UNHEALTHY,
    "bot_not_ready": Category.UNHEALTHY,
    "bot_not_stopped": Category.UNDECIDED,
    # another run owns the client
    "fence_stale": Category.STALE,
    "superseded": Category.STALE,
    # blind
    "exchange_unavailable": Category.UNDECIDED,
    "kubernetes_unreachable": Category.UNDECIDED,
    "kubernetes_refused": Category.UNDECIDED,
    "argocd_unreachable": Category.UNDECIDED,
    "sync_timeout": Category.UNDECIDED,
    "git_unreachable": Category.UNDECIDED,
    "git_conflict": Category.UNDECIDED,
    "database_unreachable": Category.UNDECIDED,
    "database_refused": Category.UNDECIDED,
    "secret_store_unreachable": Category.UNDECIDED,
    "chain_unreachable": Category.UNDECIDED,
    "chain_invalid": Category.UNDECIDED,
    # infrastructure
    "aws_unreachable": Category.UNDECIDED,
    "cluster_not_ready": Category.UNDECIDED,
    "load_balancer_stays": Category.UNDECIDED,
    "state_locked": Category.UNDECIDED,
    "state_not_saved": Category.UNDECIDED,
    "interrupted": Category.UNDECIDED,
    "terraform_failed": Category.UNDECIDED,
    "chart_unavailable": Category.UNDECIDED,
    "release_busy": Category.UNDECIDED,
    "release_not_ready": Category.UNDECIDED,
    "undecided": Category.UNDECIDED,
    # the caller
    "usage": Category.USAGE,
    "confirmation_missing": Category.USAGE,
    "schema_conflict": Category.USAGE,
    "database_conflict": Category.USAGE,
    "release_refused": Category.USAGE,
    "secret_conflict": Category.USAGE,
    "library_missing": Category.USAGE,
    "permission_denied": Category.USAGE,
    "name_taken": Category.USAGE,
    "quota_exceeded": Category.USAGE,
    "still_protected": Category.USAGE,
    "state_of_another": Category.USAGE,
    "region_wrong": Category.USAGE,
    "account_wrong": Category.USAGE,
    "state_missing": Category.USAGE,
    "credentials_invalid": Category.USAGE,
    "variables_invalid": Category.USAGE,
    "configuration_invalid": Category.USAGE,
    "cluster_missing": Category.USAGE,
    "file_not_ours": Category.USAGE,
}


class PlatformError(Exception):
    """An expected failure with a code of :data:`CODES`.

    :param code: one of the keys of :data:`CODES`; anything else is a programming error.
    :param message: one sentence that names the object and the value, never a secret.
    :param details: further public values for the caller (JSON types only).
    """

    def __init__(self, code: str, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.code = code
        self.category = CODES[code]
        self.message = message
        self.details = details


__all__ = ("CODES", "Category", "PlatformError")
