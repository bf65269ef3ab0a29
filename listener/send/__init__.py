# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``send``: verdicts of decided commands go to the contract, each exactly once."""

from __future__ import annotations

import typing as t

from listener import store
from listener.chain import ChainReader
from listener.chain.sender import ChainSender
from listener.chain.signer import Signer
from listener.logs import get_logger
from listener.loop import Stop, run_loop
from listener.settings import read_secret

from .slots import Slots
from .verdicts import VerdictSender

if t.TYPE_CHECKING:
    from listener.settings import SendSettings

log = get_logger(__name__)

IDLE_SECONDS: t.Final = 2.0
"""Pause without work; a decision ends it at once."""


def run(settings: SendSettings) -> int:
    """Send until SIGTERM; return the exit code: 1 when the signer's key cannot be used."""
    stop = Stop().listen()
    try:
        key = read_secret(settings.signer_key_file)
        signer = Signer(key, settings.chain_id, settings.contract)
    except ValueError as error:
        log.critical("stopped", error=str(error))
        return 1
    engine = store.make_engine(settings.database_url)
    reader = ChainReader(settings)
    slots = Slots(settings, engine, reader, ChainSender(reader, signer.address), signer)
    sender = VerdictSender(settings, engine, reader, slots)
    wakeup = store.Wakeup(engine, {"decided"})

    def pause() -> None:
        wakeup.wait(settings.poll_seconds if sender.waits else IDLE_SECONDS, stop.is_set)

    log.info("started", signer=signer.address)
    try:
        run_loop(sender.step, stop, pause, lambda code: None)
    finally:
        wakeup.close()
        engine.dispose()
    return 0


__all__ = ("run",)
