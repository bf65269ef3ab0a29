# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The local platform's command line, as tests call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT: t.Final = Path(__file__).resolve().parents[2]


def platform(*arguments: str | Path, **environment: str) -> t.Any:
    """Run a command of the local platform, which must succeed, and return its answer."""
    run = _run(arguments, environment)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def refusal(*arguments: str | Path, **environment: str) -> str:
    """Run a command of the local platform, which must fail, and return what it says."""
    run = _run(arguments, environment)
    assert run.returncode == 1, run.stdout
    return run.stderr


def _run(
    arguments: t.Iterable[str | Path], environment: t.Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    path = {"PYTHONPATH": f"{ROOT / 'infra/local'}:{os.environ.get('PYTHONPATH', '')}"}
    return subprocess.run(
        [sys.executable, "-m", "platform_local", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**inherited, **path, **environment},
        check=False,
    )


__all__ = ("ROOT", "platform", "refusal")
