# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What Terraform's diagnostics mean."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.program import (
    Json,
)

_MEANINGS: t.Final[tuple[tuple[str, str], ...]] = (
    ("state_not_saved", r"failed to (?:save|persist|upload) state|errored\.tfstate"),
    ("state_locked", r"error acquiring the state lock"),
    ("state_of_another", r"this state belongs to"),
    (
        "variables_invalid",
        r"invalid value for (?:input )?variable|no value for required variable|undeclared variable"
        r"|invalid variables? (?:file|value)|(?:pre|post)condition failed|failed to read variables file",
    ),
    ("account_wrong", r"account id not allowed|account id .* is forbidden"),
    (
        "region_wrong",
        r"invalid aws region|permanentredirect|authorizationheadermalformed|incorrect region"
        r"|bucketregionerror|requested bucket from .* actual location|illegallocationconstraint"
        r"|opt-?in ?required",
    ),
    (
        "credentials_invalid",
        r"no valid credential sources|expiredtoken|invalidclienttokenid|unrecognizedclient|invalidaccesskeyid"
        r"|signaturedoesnotmatch|authfailure|failed to refresh cached credentials"
        r"|failed to get shared config profile",
    ),
    (
        "permission_denied",
        r"accessdenied|access denied|unauthorizedoperation|is not authorized to|statuscode: 403|forbidden",
    ),
    (
        "name_taken",
        r"already ?exists|alreadyownedbyyou|\.duplicate\b|duplicate(?:listener|securitygroup)"
        r"|resourceinuseexception|entityalreadyexists|alreadyassociated",
    ),
    ("quota_exceeded", r"limitexceeded|quota ?exceeded|servicequota|insufficient(?:vpc|instance)\w*capacity"),
    (
        "still_protected",
        r"deletion ?protection|cannot delete protected|instance cannot be destroyed|repositorynotempty"
        r"|bucketnotempty",
    ),
    ("state_missing", r"nosuchbucket|s3 bucket .* does not exist"),
    (
        "library_missing",
        r"failed to (?:query available provider|install provider)|required plugins are not installed"
        r"|inconsistent dependency lock|unsupported terraform core version",
    ),
    (
        "aws_unreachable",
        r"request send failed|dial tcp|i/o timeout|connection re(?:fused|set)|no such host|tls handshake"
        r"|throttl|statuscode: 5\d\d|requesttimeout|maximum number of attempts|rateexceeded|slowdown",
    ),
)
"""Codes and what the text of a diagnostic has, in lower case. The first that fits any diagnostic wins."""

_NOISE: t.Final = re.compile(
    r"https response error StatusCode: \d+, |(?:Request|Host)ID: [^\s,]*, ?|operation error |\s*\n\s*"
    r"|Encoded authorization failure message: \S+"
)
_CREDENTIALS: t.Final = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|(?<=://)[^/@\s]+@|(?<=X-Amz-Signature=)\w+|(?<=X-Amz-Security-Token=)[^&\s]+"
)
_LOCK: t.Final = re.compile(r"^\s*(ID|Operation|Who|Created):\s*(.+?)\s*$", re.MULTILINE)
_FIRST_LINES: t.Final = 600


@dataclasses.dataclass(frozen=True)
class Diagnostic:
    """An error that Terraform reported.

    :ivar address: the resource that it concerns, if Terraform says so.
    :ivar place: file and line of the configuration, if Terraform says so.
    """

    summary: str
    detail: str
    address: str | None
    place: str | None = None

    @classmethod
    def parse(cls, document: Json) -> Diagnostic:
        source = document.get("range")
        place = f"{source['filename']}:{source['start']['line']}" if source else None
        return cls(document["summary"], document.get("detail", ""), document.get("address"), place)

    @property
    def text(self) -> str:
        return f"{self.summary}\n{self.detail}"

    @property
    def code(self) -> str | None:
        """What it means; None when nothing is known about such a text."""
        text = self.text.lower()
        return next((code for code, pattern in _MEANINGS if re.search(pattern, text)), None)

    @property
    def message(self) -> str:
        """What it says in one line, without requests' numbers and anything that opens a door."""
        summary, detail = (clean(part).strip(" .") for part in (self.summary, self.detail))
        joined = f"{summary}: {detail}" if detail and not detail.startswith(summary) else (detail or summary)
        return joined[:_FIRST_LINES]


def error(phase: str, diagnostics: t.Sequence[Diagnostic], otherwise: str, **details: t.Any) -> PlatformError:
    """Return the error that the diagnostics of a phase amount to.

    :param phase: ``init``, ``plan``, ``apply`` or ``destroy``.
    :param otherwise: what to say when there is no diagnostic.
    :param details: further public values.
    """
    order = [meaning[0] for meaning in _MEANINGS]
    first = min(
        diagnostics, key=lambda each: order.index(each.code) if each.code else len(order), default=None
    )
    code = (first.code if first else None) or _code_of_phase(phase, first)
    if first is None:
        return PlatformError(code, f"terraform {phase} failed: {clean(otherwise)}", phase=phase, **details)
    details["resources"] = [
        {"address": each.address, "code": each.code or code, "message": each.message}
        for each in diagnostics
        if each.address is not None
    ]
    if code == "state_locked":
        return _locked(first, phase, details)
    where = f"{first.address or first.place}: " if first.address or first.place else ""
    more = f" (and {len(diagnostics) - 1} more)" if len(diagnostics) > 1 else ""
    return PlatformError(
        code, f"terraform {phase} failed: {where}{first.message}{more}", phase=phase, **details
    )


def clean(text: str) -> str:
    """Take out what nobody reads, and credentials."""
    return " ".join(_CREDENTIALS.sub("***", _NOISE.sub(" ", text)).split())


def _code_of_phase(phase: str, diagnostic: Diagnostic | None) -> str:
    """An error of nothing in particular before anything was touched is one of the configuration."""
    return "configuration_invalid" if phase in ("init", "plan") and diagnostic else "terraform_failed"


def _locked(diagnostic: Diagnostic, phase: str, details: Json) -> PlatformError:
    lock = {name.lower(): value for name, value in _LOCK.findall(diagnostic.detail)}
    holder = f"{lock.get('who', 'somebody')} holds it since {lock.get('created', 'an unknown time')}"
    return PlatformError(
        "state_locked",
        f"The state is locked: {holder}. Wait for that run. Only if it is dead for certain, "
        f"take its lock away by its id {lock.get('id', '')}",
        phase=phase,
        lock=lock,
        **details,
    )


__all__ = ("Diagnostic", "clean", "error")
