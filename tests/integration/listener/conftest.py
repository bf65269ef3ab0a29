# SPDX-License-Identifier: GPL-3.0-or-later
"""A migrated database, a chain with the contract, and the listener's parts between them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount

from listener import store
from listener.chain import ChainReader
from listener.chain.sender import ChainSender
from listener.chain.signer import Signer
from listener.migrations import upgrade
from listener.send.slots import Slots
from listener.send.verdicts import VerdictSender
from listener.settings import SendSettings, WatchSettings
from listener.store import statistics
from listener.store.tables import blocks, commands
from listener.watch import Watcher
from tests.support.anvil import Anvil, Platform, deploy_platform, running_anvil
from tests.support.rpc_proxy import RpcProxy, running_proxy

PUBLIC_KEY = bytes(range(32))
OWNER = "listener"
PASSWORD = "password-of-a-throw-away-server"
_Settings = TypeVar("_Settings", WatchSettings, SendSettings)
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def template_database(postgres_15: Any) -> str:
    """Name of a migrated database that others are copied from."""
    with postgres_15.superuser() as cursor:
        cursor.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")
        cursor.execute(f"CREATE DATABASE listener_template OWNER {OWNER}")
    upgrade(_url(postgres_15, "listener_template"))
    return "listener_template"


@pytest.fixture
def database_url(postgres_15: Any, template_database: str) -> str:
    """URL of an empty, migrated database."""
    name = f"listener_{next(_NUMBERS)}"
    with postgres_15.superuser() as cursor:
        cursor.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template_database}")
    return _url(postgres_15, name)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = store.make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with running_anvil() as chain:
        yield chain


@pytest.fixture
def platform(anvil: Anvil) -> Iterator[Platform]:
    """The contract, new for each test, on a chain that mines by itself again afterwards."""
    yield deploy_platform(anvil)
    anvil.automine(True)


@pytest.fixture
def proxy(anvil: Anvil) -> Iterator[RpcProxy]:
    with running_proxy(anvil.url) as proxy:
        yield proxy


@pytest.fixture
def key_id(platform: Platform) -> bytes:
    return platform.publish_key(1, PUBLIC_KEY)


@dataclasses.dataclass
class Listener:
    """The listener's parts of one test, and the environment to run them as processes."""

    platform: Platform
    engine: sa.Engine
    environment: dict[str, str]
    folder: Path
    key_id: bytes

    @property
    def chain(self) -> Anvil:
        return self.platform.chain

    def watch_settings(self, **changes: Any) -> WatchSettings:
        return self._settings(WatchSettings, changes)

    def watcher(self, **changes: Any) -> Watcher:
        settings = self.watch_settings(**changes)
        return Watcher(settings, self.engine, ChainReader(settings))

    def sender(self, account: LocalAccount | None = None, **changes: Any) -> VerdictSender:
        settings = self._settings(SendSettings, changes)
        key = (account or self.platform.operator).key.hex()
        signer = Signer(key, settings.chain_id, settings.contract)
        reader = ChainReader(settings)
        slots = Slots(settings, self.engine, reader, ChainSender(reader, signer.address), signer)
        return VerdictSender(settings, self.engine, reader, slots)

    def submit(self, wallet: LocalAccount, payload: bytes = b"sealed", *, stop: bool = False) -> str:
        """Submit a command and return its id."""
        return "0x" + self.platform.submit(wallet, self.key_id, payload, stop=stop).hex()

    def decided(self, wallet: LocalAccount, outcome: store.Outcome = "approved", reason: str = "") -> str:
        """Submit a command, bring it into the store and decide it there; return its id."""
        command = self.submit(wallet)
        self.catch_up()
        self.decide(command, outcome, reason)
        return command

    def decide(self, command: str, outcome: store.Outcome = "approved", reason: str = "") -> None:
        with self.engine.begin() as connection:
            assert store.admit(connection, command, "trade.start", {})
            (claimed,) = store.claim_next(connection, "test", 30, 60)
            evidence = {"commit": "c0ffee", "reason": reason}
            assert store.finish(connection, claimed.id, "test", 1, outcome, reason, evidence)

    def catch_up(self) -> None:
        """Make everything final and read it."""
        self.chain.finalize()
        watcher = self.watcher()
        while watcher.step():
            pass

    def command(self, command: str) -> store.Command:
        with self.engine.begin() as connection:
            found = store.get_command(connection, command)
        assert found is not None
        return found

    def commands(self) -> list[store.Command]:
        with self.engine.begin() as connection:
            return store.list_commands(connection)

    def block_numbers(self) -> list[int]:
        with self.engine.begin() as connection:
            return list(connection.scalars(sa.select(blocks.c.number).order_by(blocks.c.number)))

    def alarms(self) -> dict[str, int]:
        with self.engine.begin() as connection:
            return statistics.open_alarms(connection)

    def written(self) -> tuple[int, int]:
        """Number of blocks and of commands in the store."""
        with self.engine.begin() as connection:
            return (
                connection.execute(sa.select(sa.func.count()).select_from(blocks)).scalar_one(),
                connection.execute(sa.select(sa.func.count()).select_from(commands)).scalar_one(),
            )

    def _settings(self, kind: type[_Settings], changes: dict[str, Any]) -> _Settings:
        values = {name.removeprefix("PLATFORM_").lower(): value for name, value in self.environment.items()}
        known = {name: value for name, value in values.items() if name in kind.model_fields}
        return kind.model_validate({**known, **changes})


@pytest.fixture
def listener(
    platform: Platform, engine: sa.Engine, database_url: str, tmp_path: Path, key_id: bytes
) -> Listener:
    key = platform.operator.key.hex()
    environment = {
        "PLATFORM_DATABASE_URL_FILE": str(_secret(tmp_path / "database-url", database_url)),
        "PLATFORM_SIGNER_KEY_FILE": str(_secret(tmp_path / "signer.key", key)),
        "PLATFORM_CHAIN_ID": str(platform.chain.chain_id),
        "PLATFORM_CONTRACT": platform.address,
        "PLATFORM_CONFIRMATIONS": "finalized",
        "PLATFORM_RPC_URL": platform.chain.url,
        "PLATFORM_START_BLOCK": str(platform.block),
    }
    return Listener(platform, engine, environment, tmp_path, key_id)


@pytest.fixture
def wallet(platform: Platform) -> LocalAccount:
    """The wallet of client 1."""
    account = platform.chain.accounts[2]
    assert platform.register(account) == 1
    return account


def _secret(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _url(server: Any, database: str) -> str:
    return f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1:{server.port}/{database}"
