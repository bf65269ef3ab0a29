# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verdict's transaction offers for its gas."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from listener.store import Fees

if t.TYPE_CHECKING:
    from listener.settings import SendSettings

GWEI: t.Final = 10**9
_RAISE: t.Final = (1125, 1000)
"""Replacements pay 12.5 % more; nodes want 10 % of both fees."""


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """Caps in wei per gas."""

    max_fee: int
    priority_fee: int

    @classmethod
    def of(cls, settings: SendSettings) -> t.Self:
        """Return the policy of the settings."""
        return cls(int(settings.max_fee_gwei * GWEI), int(settings.priority_fee_gwei * GWEI))

    def first(self, base_fee: int) -> Fees | None:
        """Return the fees of a first attempt, good for five full blocks; None above the cap."""
        max_fee = min(self.max_fee, 2 * base_fee + self.priority_fee)
        if max_fee < base_fee:
            return None
        return Fees(max_fee, min(self.priority_fee, max_fee))

    def replacement(self, old: Fees, base_fee: int) -> Fees | None:
        """Return fees that replace *old*: both at least 12.5 % more; None when that is above the cap."""
        market = self.first(base_fee) or old
        max_fee = max(_raised(old.max_fee), market.max_fee)
        if max_fee > self.max_fee:
            return None
        return Fees(max_fee, min(max_fee, max(_raised(old.priority_fee), market.priority_fee)))


def _raised(fee: int) -> int:
    numerator, denominator = _RAISE
    return -(-fee * numerator // denominator)


__all__ = ("GWEI", "FeePolicy")
