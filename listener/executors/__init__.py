# SPDX-License-Identifier: GPL-3.0-or-later
"""Where commands run: one small interface, behind it ansible-runner or AWX.

An executor is started with commands of different clients and one operation. What their run says comes as
reports, while it happens; the exit code says nothing.
"""

from __future__ import annotations

import typing as t

from .interface import ROLLBACK, Executor, Job, Leftover, Source, Work
from .reports import Decided, Failed, Outcome, Reached, Report

if t.TYPE_CHECKING:
    from listener.settings import DispatchSettings


def make_executor(settings: DispatchSettings, owner: str) -> Executor:
    """Return the executor that the settings name.

    :param owner: name of this worker, unique per process.
    :raises ValueError: the settings' file of variables is no mapping.
    """
    if settings.executor == "awx":
        from .awx import AwxExecutor

        return AwxExecutor(settings, owner)
    from .runner import RunnerExecutor

    return RunnerExecutor(settings, owner)


__all__ = (
    "ROLLBACK",
    "Decided",
    "Executor",
    "Failed",
    "Job",
    "Leftover",
    "Outcome",
    "Reached",
    "Report",
    "Source",
    "Work",
    "make_executor",
)
