# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's key: signs verdicts, shows itself nowhere."""

from __future__ import annotations

import typing as t

from eth_account import Account
from eth_typing import HexStr

from listener.store import Fees, Signed

if t.TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


class Signer:
    """Signs transactions to one contract on one chain.

    :param key: hexadecimal private key.
    :raises ValueError: *key* is none; the text does not hold it.
    """

    def __init__(self, key: str, chain_id: int, contract: str) -> None:
        try:
            self._account: LocalAccount = Account.from_key(key)
        except Exception:
            # The library's texts and causes hold the key.
            raise ValueError("The signer's key is not a private key in hexadecimal") from None
        self._chain_id = chain_id
        self._contract = contract

    @property
    def address(self) -> str:
        """The signer's address, lower case."""
        return str(self._account.address).lower()

    def sign(self, data: str, nonce: int, gas: int, fees: Fees) -> Signed:
        """Return a signed EIP-1559 transaction that calls the contract with *data*."""
        signed = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": self._chain_id,
                "to": bytes.fromhex(self._contract[2:]),
                "value": 0,
                "data": HexStr(data),
                "nonce": nonce,
                "gas": gas,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.priority_fee,
            }
        )
        return Signed(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex(), gas, fees)


__all__ = ("Signer",)
