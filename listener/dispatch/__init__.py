# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``dispatch``: commands are admitted, run on an executor, and their outcomes stored."""

from __future__ import annotations

import os
import secrets
import socket
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import KeyStore
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

from listener import store
from listener.chain import ChainReader
from listener.executors import make_executor
from listener.logs import get_logger
from listener.loop import Stop, run_loop

from .admission import Admission
from .dispatcher import Dispatcher

if t.TYPE_CHECKING:
    from listener.settings import DispatchSettings

log = get_logger(__name__)


def run(settings: DispatchSettings) -> int:
    """Dispatch until SIGTERM; return the exit code: 1 when keys or folders cannot be used."""
    stop = Stop().listen()
    owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    keystore = KeyStore(settings.key_directory)
    try:
        keys = keystore.key_ids()
        executor = make_executor(settings, owner)
    except (OSError, ValueError, PlatformError) as error:
        log.critical("stopped", error=str(error))
        return 1
    engine = store.make_engine(settings.database_url)
    admission = Admission(engine, ChainReader(settings), keystore)
    dispatcher = Dispatcher(settings, engine, executor, owner)
    wakeup = store.Wakeup(engine, {"new", "admitted", "decided"})

    def step() -> bool:
        dispatcher.sweep()
        # What is admitted runs on while the chain is away.
        started = dispatcher.step()
        return admission.step() or started

    def pause() -> None:
        if wakeup.wait(settings.poll_seconds, lambda: stop.is_set() or dispatcher.has_news()):
            dispatcher.look_at_leases()

    log.info("started", owner=owner, keys=[key.hex() for key in keys])
    try:
        run_loop(step, stop, pause, lambda code: None)
    finally:
        dispatcher.close(settings.stop_grace)
        wakeup.close()
        engine.dispose()
    return 0


__all__ = ("run",)
