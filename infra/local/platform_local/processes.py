# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The supervisor in its enclosure."""

from __future__ import annotations

import contextlib
import sys
import time
import typing as t
from pathlib import Path

from .enclosure import Enclosure
from .errors import LocalPlatformError
from .paths import Layout, cache_root
from .pki import write_private
from .supervisor import Program, Supervisor, configuration

START_SECONDS = 20
STOP_SECONDS = 45


class Processes:
    """All processes of one layout: they begin and end together."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.supervisor = Supervisor(layout.run / "supervisor.sock", layout.logs)
        self.enclosure = Enclosure(layout.run)

    def configure(
        self, programs: t.Iterable[Program], folders: t.Sequence[str], settings: t.Mapping[str, str]
    ) -> bool:
        """Give the supervisor its programs, and start it if it does not run; False when nothing changed.

        :param folders: folders of the host that are others inside.
        :param settings: files in /etc that have another content inside, by name.
        :raises LocalPlatformError: when the supervisor does not start.
        """
        path = self._layout.run / "supervisord.conf"
        text = configuration(programs, self._layout.run / "supervisor.sock", self._layout.logs)
        changed = write_private(path, text)
        if self.enclosure.alive():
            if changed:
                self.supervisor.reload()
            return changed
        visible = [Path(sys.prefix), Path(sys.base_prefix), cache_root(), self._layout.checkout]
        log = self._layout.logs / "enclosure.log"
        self.enclosure.start(path, self._layout.data, folders, visible, settings, log)
        deadline = time.monotonic() + START_SECONDS
        while not self.supervisor.answers():
            if time.monotonic() > deadline or not self.enclosure.alive():
                raise LocalPlatformError(f"The supervisor did not start; read {log}")
            time.sleep(0.1)
        return True

    def end(self) -> None:
        """End all programs in order, by force what does not."""
        with contextlib.suppress(OSError):
            self.supervisor.shutdown()
        self.enclosure.end(STOP_SECONDS)
