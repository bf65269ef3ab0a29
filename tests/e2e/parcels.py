# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as no honest tool seals or sends them, and a chain whose blocks come when they are asked for."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import typing as t
from collections.abc import Iterator

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    Binding,
    Provenance,
    command_id,
    pad,
    seal_bytes,
)
from eth_account import Account
from web3 import Web3

from tests.e2e.live import Live, Sent

BLOCK_SECONDS: t.Final = 1


@dataclasses.dataclass(frozen=True)
class Parcel:
    """A payload with what its transaction says of it.

    :param command: the id that the contract will give it.
    """

    client: int
    sequence: int
    key_id: bytes
    stop: bool
    payload: bytes
    command: str

    @property
    def sent(self) -> Sent:
        """What the story's helpers know of it."""
        return Sent(self.command, self.client, self.sequence, "trade.stop" if self.stop else "trade.start")


class Sealer:
    """Seals for a client's next command, and lies where a test asks it to."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def platform_key(self, suite: int = 2) -> tuple[bytes, bytes]:
        """Id and public key that the contract publishes."""
        functions = self._live.contract.functions
        key_id = functions.currentKey(suite).call()
        return bytes(key_id), bytes(functions.keyOf(key_id).call()[2])

    def binding(self, client: int, suite: int = 2) -> Binding:
        """The true binding of the client's next command."""
        return Binding(
            self._live.web3.eth.chain_id,
            self._live.contract.address,
            client,
            self._live.address(client),
            self._live.contract.functions.nextSequence(client).call(),
            self.platform_key(suite)[0],
            suite,
        )

    def parcel(
        self,
        client: int,
        command: object,
        /,
        *,
        public_key: bytes | None = None,
        stop: bool = False,
        payload: bytes | None = None,
        **lies: t.Any,
    ) -> Parcel:
        """Seal a command, checked by nobody.

        :param command: a JSON value, or bytes that are sealed as they are.
        :param public_key: another key than the platform's, together with its ``key_id`` in *lies*.
        :param payload: these bytes instead of sealed ones.
        :param lies: parts of the binding that differ from the truth.
        """
        true = self.binding(client)
        if payload is None:
            plaintext = command if isinstance(command, bytes) else pad(json.dumps(command).encode())
            key = public_key or self.platform_key()[1]
            payload = seal_bytes(plaintext, key, dataclasses.replace(true, **lies))
        return self.label(client, payload, true.key_id, stop)

    def label(self, client: int, payload: bytes, key_id: bytes, stop: bool = False) -> Parcel:
        """A payload under the client's next number and any key id."""
        true = self.binding(client)
        provenance = Provenance(true.chain_id, true.contract, client, true.sender, true.sequence, key_id)
        name = Web3.to_hex(command_id(provenance, payload))
        return Parcel(client, true.sequence, key_id, stop, payload, name)

    def transaction(self, parcel: Parcel) -> bytes:
        """The client's signed transaction that submits a parcel."""
        web3, account = self._live.web3, self._account(parcel.client)
        call = self._live.contract.functions.submit(
            parcel.sequence, parcel.key_id, parcel.stop, parcel.payload
        )
        fields = {
            "from": account.address,
            "nonce": web3.eth.get_transaction_count(account.address),
            "chainId": web3.eth.chain_id,
            "gas": 3_000_000,
        }
        return bytes(account.sign_transaction(call.build_transaction(fields)).raw_transaction)

    def submit(self, parcel: Parcel) -> Sent:
        """Send a parcel and see it mined."""
        web3 = self._live.web3
        name = web3.eth.send_raw_transaction(self.transaction(parcel))
        receipt = web3.eth.wait_for_transaction_receipt(name, timeout=60, poll_latency=0.1)
        assert receipt["status"] == 1, "the contract refused the parcel"
        return parcel.sent

    def _account(self, client: int) -> t.Any:
        return Account.from_key(self._live.wallet(client).read_text().strip())


class HeldChain:
    """The local chain with its blocks made by hand."""

    def __init__(self, live: Live) -> None:
        self._live = live

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """No block is made unless a test asks for it; the usual pace comes back at the end."""
        self._ask("anvil_setIntervalMining", 0)
        try:
            yield
        finally:
            self._ask("anvil_setIntervalMining", BLOCK_SECONDS)

    def mine(self, blocks: int = 1) -> None:
        """Make blocks now."""
        self._ask("anvil_mine", hex(blocks))

    def reorganise(self, depth: int, *transactions: tuple[bytes, int]) -> None:
        """Replace the newest blocks.

        :param depth: how many.
        :param transactions: raw transactions, each with the number of the new block (from 0) that takes it.
        """
        self._ask("anvil_reorg", depth, [[Web3.to_hex(raw), block] for raw, block in transactions])

    def _ask(self, method: str, *parameters: object) -> t.Any:
        answer = self._live.web3.provider.make_request(method, list(parameters))  # type: ignore[arg-type]
        assert "error" not in answer, f"{method}: {answer.get('error')}"
        return answer.get("result")


class Admin:
    """The contract's admin, who keeps the platform's keys."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._account = Account.from_key(pathlib.Path(live.facts["keys"]["admin"]).read_text().strip())

    def publish(self, suite: int, public_key: bytes) -> None:
        """Publish a key."""
        self._send(self._live.contract.functions.publishKey(suite, public_key), wait=True)

    def revoke(self, key_id: bytes, wait: bool = True) -> None:
        """Revoke a key; without waiting it goes into the next block."""
        self._send(self._live.contract.functions.revokeKey(key_id), wait)

    def _send(self, call: t.Any, wait: bool) -> None:
        web3 = self._live.web3
        fields = {
            "from": self._account.address,
            "nonce": web3.eth.get_transaction_count(self._account.address),
            "chainId": web3.eth.chain_id,
            "gas": 3_000_000,
        }
        signed = self._account.sign_transaction(call.build_transaction(fields))
        name = web3.eth.send_raw_transaction(signed.raw_transaction)
        if wait:
            assert web3.eth.wait_for_transaction_receipt(name, timeout=60)["status"] == 1
