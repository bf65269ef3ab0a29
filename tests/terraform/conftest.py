# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The stand-in of AWS and Terraform's own part in it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support import aws, terraform


@pytest.fixture(scope="package")
def stand_in() -> t.Iterator[aws.Aws]:
    with aws.stand_in() as running:
        yield running


@pytest.fixture
def state_root(tmp_path: Path, stand_in: aws.Aws) -> terraform.Terraform:
    """The configuration of the bucket that keeps states, initialised."""
    root = terraform.Terraform.copy_of(terraform.ROOT / "state", tmp_path / "state", stand_in.environment)
    root.init()
    return root
