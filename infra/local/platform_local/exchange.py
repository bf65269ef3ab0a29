# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The stand-in for Binance and the settings that lead a bot to it."""

from __future__ import annotations

import typing as t
import urllib.request

from .options import Options
from .paths import PYTHON, Layout
from .supervisor import Program

PORT = 8099
API_PATHS = {
    "public": "/api/v3",
    "private": "/api/v3",
    "v1": "/api/v1",
    "sapi": "/sapi/v1",
    "sapiV2": "/sapi/v2",
    "sapiV3": "/sapi/v3",
    "sapiV4": "/sapi/v4",
}


def url(options: Options) -> str:
    """Where it listens, for pods and for this host."""
    return f"http://{options.host_address}:{PORT}"


def ccxt_configuration(options: Options) -> dict[str, t.Any]:
    """Overrides with which ccxt asks the stand-in and nobody else."""
    urls = {name: f"{url(options)}{path}" for name, path in API_PATHS.items()}
    return {
        "urls": {"api": urls},
        "options": {"fetchMarkets": ["spot"], "fetchMargins": False},
    }


def program(layout: Layout, options: Options) -> Program:
    """The stand-in, where pods reach it."""
    script = layout.infra / "local" / "binance.py"
    command = (PYTHON, script, "--host", options.host_address, "--port", str(PORT))
    return Program("binance", command, user="nobody", environment={"HOME": "/nonexistent"})


def ready(options: Options) -> bool:
    """Whether it answers."""
    try:
        with urllib.request.urlopen(f"{url(options)}/api/v3/time", timeout=2):  # noqa: S310 - a constant scheme
            return True
    except OSError:
        return False
