# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A chain of one node with the contract on it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import typing as t
import urllib.request
from pathlib import Path

from eth_account import Account

from .errors import LocalPlatformError
from .paths import Layout, cache_root
from .pki import write_private
from .supervisor import Program
from .users import DISPATCH, LISTENER, User

RPC_URL = "http://127.0.0.1:8545"
CHAIN_ID = 31337
BLOCK_SECONDS = 1
BALANCE_WEI = 10**21
SUITE = 2
"""X-Wing, the suite that design.md makes the default."""


class Chain:
    """anvil, the accounts of the platform and the deployed contract."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._deployment = layout.local / "contract.json"
        self._contracts = layout.infra / "contracts"

    def ensure_tools(self) -> tuple[Path, bool]:
        """The folder of npm's packages, shared with the contract's scripts, and whether it was made now.

        :raises LocalPlatformError: when npm did not install them; it has said why on standard error.
        """
        known = set(cache_root().glob("contracts-*"))
        script = self._contracts / "scripts" / "toolchain.sh"
        done = subprocess.run([script], check=False, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise LocalPlatformError(f"{script} failed")
        folder = Path(done.stdout.strip()).parents[1]
        return folder, folder not in known

    def program(self) -> Program:
        """anvil with a block each second; two blocks on top make a block final."""
        machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
        binary = self.ensure_tools()[0] / f"node_modules/@foundry-rs/anvil-linux-{machine}/bin/anvil"
        home = self._layout.data / "anvil"
        LISTENER.own(home)
        return Program(
            "anvil",
            (
                binary, "--host", "127.0.0.1", "--port", RPC_URL.rsplit(":", 1)[1],
                "--chain-id", str(CHAIN_ID),
                "--block-time", str(BLOCK_SECONDS), "--slots-in-an-epoch", "1", "--silent",
                "--state", home / "state.json", "--state-interval", "5",
            ),
            user=LISTENER.name,
            environment={"HOME": home},
            directory=home,
        )  # fmt: skip

    def ready(self) -> bool:
        try:
            return int(self._rpc("eth_chainId"), 16) == CHAIN_ID
        except (OSError, ValueError):
            return False

    def deployment(self) -> dict[str, t.Any] | None:
        """Address and block of the contract; None before it is deployed."""
        if not self._deployment.exists():
            return None
        return t.cast(dict[str, t.Any], json.loads(self._deployment.read_text(encoding="utf-8")))

    def install(self) -> bool:
        """Deploy the contract, make the operator its decider and publish the platform's key.

        :returns: False when all of it is there.
        """
        if self.deployment():
            return False
        admin = self._account(self._layout.secrets / "admin.key")
        self._fund(admin.address, self._operator().address)
        deployed = self._deploy("--publish-key", f"{SUITE}:{self._public_key()}")
        temporary = self._deployment.with_suffix(".new")
        temporary.write_text(deployed, encoding="utf-8")
        temporary.replace(self._deployment)
        return True

    def register(self, keys: list[Path]) -> dict[str, int]:
        """Register wallets as clients, in this order, and give them coins.

        :param keys: files of private keys; one that is not there is made, for its owner to read.
        :returns: the number of each client by its wallet's address; the first wallet is client 1.
        :raises LocalPlatformError: when no chain runs here, or says what the contract's program said.
        """
        if not (self.ready() and self.deployment()):
            raise LocalPlatformError("No chain with the contract runs here; make demo-up starts one")
        addresses = [self._account(key).address for key in keys]
        self._fund(*addresses)
        deployed = self._deploy(*(option for address in addresses for option in ("--wallet", address)))
        return t.cast(dict[str, int], json.loads(deployed)["clients"])

    def _operator(self) -> t.Any:
        return self._account(self._layout.listener / "operator.key", LISTENER)

    def _fund(self, *addresses: str) -> None:
        for address in addresses:
            self._rpc("anvil_setBalance", address, hex(BALANCE_WEI))

    def _deploy(self, *options: str) -> str:
        """Let the contract's own program do what is missing of it, and return what it prints."""
        command = [
            sys.executable, self._contracts / "deploy.py", "--rpc-url", RPC_URL,
            "--admin-key-file", self._layout.secrets / "admin.key", "--operator", self._operator().address,
            "--state", self._layout.local / "contract-state.json", *options,
        ]  # fmt: skip
        done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True)
        if done.returncode:
            raise LocalPlatformError(f"{command[1]} failed: {done.stderr.strip()}")
        return done.stdout

    def _public_key(self) -> Path:
        """The file of the platform's public key; the pair is made at the first call."""
        public = self._layout.local / "platform.pub"
        if not public.exists():
            keys = self._layout.platform / "keys"
            DISPATCH.own(keys)
            module = "ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._cli"
            command = [sys.executable, "-m", module, "keygen", str(keys), "--suite", str(SUITE)]
            environment = {**os.environ, "PYTHONPATH": str(self._layout.collections)}
            done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
            if done.returncode:
                raise LocalPlatformError(f"The platform's key was not made: {done.stderr.strip()}")
            key = json.loads(done.stdout)
            for file in keys.iterdir():
                os.chown(file, DISPATCH.number, DISPATCH.number)
            public.write_text(key["public_key"] + "\n", encoding="ascii")
        return public

    @staticmethod
    def _account(path: Path, owner: User | None = None) -> t.Any:
        """An account with a key file of its own, which is made when it is not there."""
        if not path.exists():
            write_private(path, Account.create().key.hex() + "\n", owner.number if owner else 0)
        return Account.from_key(path.read_text(encoding="ascii").strip())

    @staticmethod
    def _rpc(method: str, *parameters: t.Any) -> t.Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(RPC_URL, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - a constant scheme
            answer = json.load(response)
        if "error" in answer:
            raise ValueError(f"{method}: {answer['error']['message']}")
        return answer["result"]
