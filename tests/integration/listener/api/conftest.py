# SPDX-License-Identifier: GPL-3.0-or-later
"""The API over a real database and chain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from eth_account.signers.local import LocalAccount
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from listener.api import create_api
from listener.api.access import make_token
from listener.settings import ApiSettings

if TYPE_CHECKING:
    from tests.integration.listener.conftest import Listener

Get = Callable[..., TestResponse]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Git repository with one commit."""
    import subprocess

    path = tmp_path / "repository"
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    for command in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "First"]):
        path.mkdir(exist_ok=True)
        subprocess.run(["git", "-C", str(path), *command], check=True)
    return path


@pytest.fixture
def api_settings(listener: Listener, repository: Path) -> Callable[..., ApiSettings]:
    def make(**changes: Any) -> ApiSettings:
        values = {
            name.removeprefix("PLATFORM_").lower(): value for name, value in listener.environment.items()
        }
        known = {name: value for name, value in values.items() if name in ApiSettings.model_fields}
        return ApiSettings.model_validate({**known, "gitops_repository": str(repository), **changes})

    return make


@pytest.fixture
def client(api_settings: Callable[..., ApiSettings]) -> FlaskClient:
    return create_api(api_settings()).test_client()


@pytest.fixture
def operator(database_url: str) -> str:
    """A token that sees every client."""
    return make_token(database_url, "operator", None)


@pytest.fixture
def own(database_url: str) -> str:
    """A token of client 1."""
    return make_token(database_url, "client-1", 1)


@pytest.fixture
def get(client: FlaskClient) -> Get:
    def ask(path: str, token: str | None = None, **headers: str) -> TestResponse:
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return client.get(path, headers={**authorization, **headers})

    return ask


@pytest.fixture
def wallets(listener: Listener) -> list[LocalAccount]:
    """The wallets of clients 1, 2 and 3."""
    accounts = list(listener.chain.accounts[2:5])
    for account in accounts:
        listener.platform.register(account)
    return accounts
