# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts that need no run."""

from __future__ import annotations

import typing as t

SUPERSEDED: t.Final = "superseded"
UNDECIDED: t.Final = "undecided"


def evidence_of(reason: str) -> dict[str, str]:
    """Return the evidence of a verdict that nothing was seen for: every field of the usual one, empty."""
    return {"commit": "", "image_digest": "", "pod_uid": "", "ready_since": "", "reason": reason}


__all__ = ("SUPERSEDED", "UNDECIDED", "evidence_of")
