# SPDX-License-Identifier: GPL-3.0-or-later
"""A dispatcher over PostgreSQL, a chain, ansible-runner and bubblewrap; the collection is a stub."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    Binding,
    KeyStore,
    PrivateKey,
    seal,
)
from eth_account.signers.local import LocalAccount

from listener import store
from listener.chain import ChainReader
from listener.dispatch.admission import Admission
from listener.settings import DispatchSettings
from listener.store.tables import commands

if TYPE_CHECKING:
    from tests.integration.listener.conftest import Listener

COLLECTIONS = Path(__file__).parents[1] / "collections"


@dataclasses.dataclass
class Desk:
    """What the tests of ``dispatch`` need: sealed commands, admission, folders, and what ran."""

    listener: Listener
    key: PrivateKey
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return self.listener.environment | {
            "PLATFORM_KEY_DIRECTORY": str(self.folder / "keys"),
            "PLATFORM_VARS_FILE": str(self.folder / "vars.yml"),
            "PLATFORM_RUN_DIRECTORY": str(self.folder / "runs"),
            "PLATFORM_COLLECTIONS_PATH": str(COLLECTIONS),
            "PLATFORM_RUN_WRITABLE": str(self.folder / "journal"),
        }

    def settings(self, **changes: Any) -> DispatchSettings:
        values = {name.removeprefix("PLATFORM_").lower(): value for name, value in self.environment.items()}
        known = {name: value for name, value in values.items() if name in DispatchSettings.model_fields}
        return DispatchSettings.model_validate({**known, **changes})

    def admission(self, **changes: Any) -> Admission:
        reader = ChainReader(self.settings(**changes))
        return Admission(self.listener.engine, reader, KeyStore(self.folder / "keys"))

    def start(
        self,
        wallet: LocalAccount,
        strategy: str = "Good",
        *,
        stop: bool = False,
        alter: Callable[[bytes], bytes] | None = None,
    ) -> str:
        """Seal and submit a start of *strategy*, with the public flag *stop*; return the command's id."""
        command = {
            "operation": "trade.start",
            "specification": specification(strategy),
            "exchange": {
                "key": "the-exchange-key-of-this-test",
                "secret": "the-exchange-secret-of-this-test",
            },
        }
        return self._submit(wallet, command, stop=stop, alter=alter)

    def stop(self, wallet: LocalAccount) -> str:
        """Seal and submit a stop."""
        return self._submit(wallet, {"operation": "trade.stop"}, stop=True)

    def _submit(
        self,
        wallet: LocalAccount,
        command: dict[str, Any],
        *,
        stop: bool,
        alter: Callable[[bytes], bytes] | None = None,
    ) -> str:
        platform = self.listener.platform
        binding = Binding(
            chain_id=platform.chain.chain_id,
            contract=platform.address,
            client=platform.contract.functions.clientOf(wallet.address).call(),
            sender=wallet.address,
            sequence=platform.next_sequence(wallet),
            key_id=self.key.key_id,
            suite=int(self.key.suite),
        )
        payload = seal(command, self.key.public_key, binding)
        payload = alter(payload) if alter else payload
        return "0x" + platform.submit(wallet, self.key.key_id, payload, stop=stop).hex()

    def admitted(self, wallet: LocalAccount, strategy: str = "Good") -> str:
        """Submit a start and admit it; return its id."""
        command = self.start(wallet, strategy)
        self.admit()
        assert self.listener.command(command).state == "admitted"
        return command

    def admit(self) -> None:
        """Read the chain and judge what is new."""
        self.listener.catch_up()
        self.admission().step()

    def states(self) -> dict[str, str]:
        """State of each command."""
        return {command.id: command.state for command in self.listener.commands()}

    def journal(self, client: int, rollbacks: bool = False) -> list[tuple[int, int]]:
        """(sequence, attempt) of each run that touched a client, in their order; or of its rollbacks only."""
        path = self.folder / "journal" / f"cliente-{client:03d}"
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        words = [line.split() for line in lines]
        return [(int(run[1]), int(run[2])) for run in words if not rollbacks or run[3:] == ["rollback"]]

    def events(self, command: str, kind: str) -> list[store.RunEvent]:
        with self.listener.engine.begin() as connection:
            return store.list_events(connection, command, kind)

    def change(self, command: str, **values: Any) -> None:
        """Change a row behind the dispatcher's back."""
        with self.listener.engine.begin() as connection:
            connection.execute(sa.update(commands).where(commands.c.id == command).values(**values))


def specification(strategy: str) -> dict[str, Any]:
    """Return a specification that the schema takes."""
    return {
        "strategy": strategy,
        "pairs": ["BTC/USDT"],
        "timeframe": "5m",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 2,
        "dry_run": False,
    }


@pytest.fixture
def desk(listener: Listener, tmp_path: Path) -> Iterator[Desk]:
    for name in ("runs", "journal"):
        (tmp_path / name).mkdir(mode=0o700)
    variables = {"journal": str(tmp_path / "journal"), "platform_key_directory": str(tmp_path / "keys")}
    (tmp_path / "vars.yml").write_text(yaml.safe_dump(variables), encoding="utf-8")
    key = KeyStore(tmp_path / "keys").generate(2)
    listener.platform.publish_key(int(key.suite), key.public_key)
    yield Desk(listener, key, tmp_path)
    assert not list((tmp_path / "runs").glob("worker-*/*")), "a private folder is left"


@pytest.fixture
def wallets(listener: Listener) -> list[LocalAccount]:
    """The wallets of clients 1, 2 and 3."""
    accounts = list(listener.chain.accounts[2:5])
    for account in accounts:
        listener.platform.register(account)
    return accounts


def alive(pid: int) -> bool:
    """Tell whether a process runs."""
    return os.path.exists(f"/proc/{pid}")
