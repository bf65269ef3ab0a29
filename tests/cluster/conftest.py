# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A laboratory on the platform that ``make demo-up`` started, or on the cluster of ``KUBECONFIG``."""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
import typing as t

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import GitRepository
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import connect

from tests.cluster.laboratory import Laboratory

FACTS = pathlib.Path(__file__).resolve().parents[2] / "build" / "local" / "platform.json"


def image_of_the_platform(repository: str) -> str:
    """Return the image of the clients' bots, which the nodes have."""
    with GitRepository(repository).snapshot() as snapshot:
        image = yaml.safe_load(snapshot.read(["environment.yaml"])["environment.yaml"])["image"]
    return (
        f"{image['repository']}@{image['digest']}"
        if image["digest"]
        else f"{image['repository']}:{image['tag']}"
    )


@pytest.fixture(scope="session")
def laboratory() -> t.Iterator[Laboratory]:
    facts = json.loads(FACTS.read_text())
    cluster = connect(os.environ.get("KUBECONFIG") or facts["admin_kubeconfig"])
    with tempfile.TemporaryDirectory(prefix="bot_freqtrade-laboratory-") as name:
        made = Laboratory(cluster, pathlib.Path(name), image_of_the_platform(facts["gitops_repository"]))
        made.set_up()
        yield made
        made.tear_down()
