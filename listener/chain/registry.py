# SPDX-License-Identifier: GPL-3.0-or-later
"""What the contract says of platform keys and of clients' wallets."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

from .abi import client_of, decode_client, decode_key, decode_wallet, key_of, wallet_of
from .answers import to_text
from .rpc import AnswerError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .reader import ChainReader


_Answer = t.TypeVar("_Answer")


class Registry:
    """Asks the contract of *reader* in its latest state.

    Every method raises PlatformError ``chain_unreachable`` or ``chain_invalid``.
    """

    def __init__(self, reader: ChainReader) -> None:
        self._reader = reader

    def is_revoked(self, key_id: bytes) -> bool:
        """Tell whether a key is revoked; one that was never published is as good as revoked."""
        suite, revoked = self._ask(key_of(key_id), decode_key)
        return revoked or suite == 0

    def is_wallet_of(self, client: int, sender: str) -> bool:
        """Tell whether *sender* is the wallet that the contract knows of *client*, seen from both sides."""
        if self._ask(client_of(sender), decode_client) != client:
            return False
        return self._ask(wallet_of(client), decode_wallet) == sender.lower()

    def _ask(self, data: str, decode: Callable[[str], _Answer]) -> _Answer:
        try:
            (answer,) = self._reader.results(
                [("eth_call", [{"to": self._reader.contract, "data": data}, "latest"])]
            )
        except AnswerError as error:
            raise PlatformError("chain_unreachable", f"The RPC refuses to answer: {error.message}") from error
        return decode(to_text(answer))


__all__ = ("Registry",)
