# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""From a payload and its event to a command, or to the code of its refusal."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._binding import (
    Provenance,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._keys import (
    KeyStore,
    PrivateKey,
    Suite,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._schema import (
    STOP,
    check_command,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._seal import (
    check_size,
    check_suite,
    check_version,
    open_sealed,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

ALL_SUITES: t.Final = frozenset(map(int, Suite))


@dataclasses.dataclass(frozen=True, slots=True)
class ExchangeKeys:
    """Key and secret of the client's exchange account; shown nowhere."""

    key: str = dataclasses.field(repr=False)
    secret: str = dataclasses.field(repr=False)

    def __reduce__(self) -> t.NoReturn:
        raise TypeError("Exchange keys are never pickled")


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """An opened command.

    :param operation: ``trade.start`` or ``trade.stop``.
    :param specification: the bot's specification with its defaults; None for a stop.
    :param exchange: the exchange keys if the command brought some; the only secret part.
    """

    operation: str
    specification: dict[str, t.Any] | None
    exchange: ExchangeKeys | None = None

    @property
    def has_exchange(self) -> bool:
        """Whether the command brought exchange keys."""
        return self.exchange is not None


def check_and_open(
    payload: bytes,
    provenance: Provenance,
    keystore: KeyStore,
    *,
    stop: bool,
    revoked: t.Callable[[bytes], bool],
    authorised: t.Callable[[int, str], bool],
    suites: t.Collection[int] = ALL_SUITES,
) -> Command:
    """Make every check of a command in the fixed order, and open it.

    :param provenance: the fields of its event.
    :param stop: the public flag that the contract holds for the command.
    :param revoked: asks the contract whether a key id is revoked.
    :param authorised: asks the contract whether a client's wallet is this sender.
    :param suites: numbers of the suites the platform accepts.
    :raises PlatformError: a refusal; what the two questions raise passes through.
    """
    check_size(payload)
    check_version(payload)
    key = keystore.private_key(provenance.key_id)
    if revoked(provenance.key_id):
        raise PlatformError("key_revoked", f"The key {provenance.key_id.hex()} is revoked")
    command = _open(payload, provenance, key, suites)
    if stop is not (command.operation == STOP):
        raise PlatformError("stop_flag_mismatch", "The public stop flag is not what the operation says")
    if not authorised(provenance.client, provenance.sender):
        raise PlatformError(
            "sender_not_authorised",
            f"The sender {provenance.sender} is not the wallet of client {provenance.client}",
        )
    return command


def open_command(payload: bytes, provenance: Provenance, keystore: KeyStore) -> Command:
    """Open a command whose questions to the contract were answered before.

    :raises PlatformError: as :func:`check_and_open`, without its questions to the contract.
    """
    check_size(payload)
    check_version(payload)
    return _open(payload, provenance, keystore.private_key(provenance.key_id), ALL_SUITES)


def _open(payload: bytes, provenance: Provenance, key: PrivateKey, suites: t.Collection[int]) -> Command:
    check_suite(payload, key, suites)
    fields = check_command(open_sealed(payload, key, provenance.binding(payload[1])))
    exchange = fields.get("exchange")
    return Command(
        operation=fields["operation"],
        specification=fields.get("specification"),
        exchange=None if exchange is None else ExchangeKeys(exchange["key"], exchange["secret"]),
    )


__all__ = ("Command", "ExchangeKeys", "check_and_open", "open_command")
