# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The stand-in for AWS Secrets Manager: clients' secrets in the memory of one process."""

from __future__ import annotations

import socket
import typing as t

from .paths import PYTHON
from .supervisor import Program

HOST, PORT = "127.0.0.1", 8097
"""Bots have no business there: it asks nobody who they are."""
URL = f"http://{HOST}:{PORT}"
REGION = "eu-central-1"
PREFIX = "bot_freqtrade/"
CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
"""Clients want some; the stand-in takes any."""


def program() -> Program:
    """The stand-in."""
    command = (PYTHON, "-m", "moto.server", "-H", HOST, "-p", str(PORT))
    return Program("aws", command, user="nobody", environment={"HOME": "/nonexistent"})


def ready() -> bool:
    """Whether it listens."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((HOST, PORT)) == 0


def credentials_file() -> str:
    """The text of the file in which AWS clients look for credentials."""
    return "[default]\n" + "".join(f"{name} = {value}\n" for name, value in CREDENTIALS.items())


def playbook_variables() -> dict[str, t.Any]:
    """What the roles must know to keep clients' secrets there."""
    return {
        "platform_secret_backend": "aws",
        "platform_aws_region": REGION,
        "platform_aws_endpoint_url": URL,
        "platform_aws_prefix": PREFIX,
    }


def bots_environment() -> dict[str, t.Any]:
    """The part of the bots' environment by which External Secrets makes their Secrets."""
    return {"enabled": True, "region": REGION, "prefix": PREFIX, "refreshInterval": "1h"}
