# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import (
    GitRepository,
    Survey,
    require_platform,
    survey,
    transact,
)
from ansible_collections.bot_freqtrade.platform.tests.support import writers
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import Origin


@pytest.fixture
def repository(origin: Origin, tmp_path: pathlib.Path) -> GitRepository:
    return GitRepository(origin.url, cache_dir=str(tmp_path / "cache"), timeout=3)


def look(repository: GitRepository) -> Survey:
    with repository.snapshot() as snapshot:
        require_platform(snapshot)
        return survey(snapshot)


def test_a_new_platform_has_no_clients(repository: GitRepository) -> None:
    assert look(repository) == Survey({}, [])


def test_bots_count_as_running_while_their_start_is_undecided(
    origin: Origin, repository: GitRepository
) -> None:
    transact(repository, writers.start(1, 1))
    transact(repository, writers.start(2, 1))
    transact(repository, writers.decide(2, 1))
    origin.commit("clientes/cliente-003/values.yaml", "replicas: 0")
    assert look(repository).running == ["cliente-001", "cliente-002"]


def test_a_file_that_cannot_be_understood_may_be_that_of_a_running_bot(
    origin: Origin, repository: GitRepository
) -> None:
    origin.commit("clientes/cliente-001/values.yaml", "replicas: [")
    assert look(repository).running == ["cliente-001"]


def test_a_file_of_no_client_is_told(origin: Origin, repository: GitRepository) -> None:
    origin.commit("clientes/other/values.yaml", "replicas: 1")
    assert look(repository) == Survey({}, ["clientes/other/values.yaml"])


def test_a_repository_of_something_else_is_refused(origin: Origin, repository: GitRepository) -> None:
    origin.git("rm", "-r", "--quiet", "charts")
    origin.git("commit", "--quiet", "-m", "Hold something else")
    origin.git("push", "--quiet", origin.url, "main")
    with pytest.raises(PlatformError, match="no GitOps repository of the platform") as caught:
        look(repository)
    assert caught.value.code == "usage"


def test_a_repository_away_is_no_empty_one(tmp_path: pathlib.Path) -> None:
    away = GitRepository((tmp_path / "away.git").as_uri(), cache_dir=str(tmp_path / "cache"), timeout=1)
    with pytest.raises(PlatformError) as caught:
        look(away)
    assert caught.value.code == "git_unreachable"
