# Copyright (c) 2026 The bot_freqtrade.platform founders
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show what the module terraform writes into its progress file while it is at work."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

PERIOD_SECONDS = 0.5

display = Display()


class ActionModule(ActionBase):
    """Run the module, and repeat its progress as the task's output."""

    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        with contextlib.ExitStack() as stack:
            if self._connection.transport == "local":
                path = arguments.get("progress_file") or stack.enter_context(_file())
                arguments["progress_file"] = str(path)
                stack.enter_context(_shown(Path(path)))
            result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result


@contextlib.contextmanager
def _file() -> t.Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bot_freqtrade-progress-") as name:
        yield Path(name, "progress")


@contextlib.contextmanager
def _shown(path: Path) -> t.Iterator[None]:
    """Display the lines that are added to a file during the block."""
    over = threading.Event()
    start = path.stat().st_size if path.exists() else 0
    thread = threading.Thread(target=_follow, args=(path, start, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _follow(path: Path, offset: int, over: threading.Event) -> None:
    while True:
        last = over.wait(PERIOD_SECONDS)
        if path.exists():
            with path.open("rb") as file:
                file.seek(offset)
                text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            offset += len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                display.display(f"  {line}")
        if last:
            return
