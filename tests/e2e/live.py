# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of a running platform: its chain, bots, rows, files and answers."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import pathlib
import runpy
import subprocess
import sys
import tempfile
import time
import typing as t
import unittest.mock
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import psycopg2
import yaml
from ansible_collections.bot_freqtrade.platform.tests.support.local_platform import platform
from eth_account import Account
from kubernetes import client as kube
from kubernetes import config as kube_config
from web3 import Web3

ROOT: t.Final = pathlib.Path(__file__).resolve().parents[2]
FACTS: t.Final = ROOT / "build" / "local" / "platform.json"
TOOL: t.Final = ROOT / "infra" / "client" / "seal.py"
STATUS: t.Final = ("None", "Pending", "Approved", "RolledBack")
Seen = t.TypeVar("Seen")


class NotSeenError(AssertionError):
    """Something that the story waits for did not happen in time."""


def eventually(look: Callable[[], Seen | None], what: str, seconds: float, every: float = 0.25) -> Seen:
    """Return the first answer of *look* that is neither None nor False, or raise :class:`NotSeenError`."""
    end = time.monotonic() + seconds
    while True:
        answer = look()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > end:
            raise NotSeenError(f"Not seen within {seconds:.0f} s: {what}")
        time.sleep(every)


def host(client: int) -> str:
    """The client's namespace, Application and folder."""
    return f"cliente-{client:03d}"


def run_tool(arguments: list[str], command: str) -> str:
    """What the client's tool answers to a command on its standard input."""
    run = subprocess.run([sys.executable, TOOL, *arguments], input=command, capture_output=True, text=True)
    if run.returncode:
        raise NotSeenError(f"seal.py: {run.stderr}")
    return run.stdout


def loaded_tool() -> Callable[[list[str], str], str]:
    """The same by the tool's function, in this process."""
    main = runpy.run_path(str(TOOL))["main"]

    def call(arguments: list[str], command: str) -> str:
        answer, errors = io.StringIO(), io.StringIO()
        with (
            unittest.mock.patch("sys.stdin", io.StringIO(command)),
            contextlib.redirect_stdout(answer),
            contextlib.redirect_stderr(errors),
        ):
            status = main(arguments)
        if status:
            raise NotSeenError(f"seal.py: {errors.getvalue()}")
        return answer.getvalue()

    return call


@dataclass(frozen=True)
class Verdict:
    """What the contract says of a command."""

    status: str
    client: int
    sequence: int
    reason: str
    evidence: str


@dataclass(frozen=True)
class Sent:
    """A command that is in a block."""

    id: str
    client: int
    sequence: int
    operation: str


class Live:
    """A running platform, seen from the outside."""

    def __init__(self, facts: pathlib.Path = FACTS) -> None:
        self.facts: dict[str, t.Any] = json.loads(facts.read_text())
        artifact = json.loads((ROOT / "infra/contracts/artifacts/BotPlatform.json").read_text())
        self.web3 = Web3(Web3.HTTPProvider(self.facts["rpc_url"]))
        address = Web3.to_checksum_address(self.facts["contract"])
        self.contract = self.web3.eth.contract(address=address, abi=artifact["abi"])
        self._wallets = ROOT / "build" / "demo" / "wallets"
        kube_config.load_kube_config(self.facts["admin_kubeconfig"])
        self.core = kube.CoreV1Api()
        self.apps = kube.AppsV1Api()
        self._seal = run_tool

    def keep_tool(self) -> None:
        """Load the client's tool once: as a program it takes seconds to start."""
        self._seal = loaded_tool()

    @property
    def repository(self) -> pathlib.Path:
        """The folder of the GitOps repository."""
        return pathlib.Path(self.facts["gitops_repository"].removeprefix("file://"))

    def wallet(self, client: int) -> pathlib.Path:
        """Key file of the client's wallet; made when it is registered."""
        self._wallets.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._wallets / f"{host(client)}.key"

    def address(self, client: int) -> str:
        """Address of the client's wallet."""
        return str(Account.from_key(self.wallet(client).read_text().strip()).address)

    def number(self, client: int) -> int:
        """Number that the contract gave to the wallet; 0 when it is not registered."""
        return int(self.contract.functions.clientOf(self.address(client)).call())

    def register(self, *clients: int) -> dict[str, int]:
        """Register the wallets in this order and give them coins; the first wallet is client 1."""
        return t.cast(dict[str, int], platform("wallet", *map(self.wallet, clients)))

    def send(
        self, client: int, command: dict[str, t.Any], exchange: dict[str, str] | None = None, suite: int = 2
    ) -> Sent:
        """Seal and submit a command with the client's own tool."""
        with tempfile.TemporaryDirectory() as folder:
            options: list[str | pathlib.Path] = []
            if exchange is not None:
                keys = pathlib.Path(folder) / "exchange.json"
                keys.touch(mode=0o600)
                keys.write_text(json.dumps(exchange))
                options = ["--exchange-file", keys]
            options += ["--rpc-url", self.facts["rpc_url"], "--contract", self.facts["contract"]]
            options += ["--wallet-key-file", self.wallet(client), "--suite", str(suite), "--submit"]
            sealed = json.loads(self._seal(["-", *map(str, options)], json.dumps(command)))
        return Sent(sealed["command_id"], client, sealed["sequence"], command["operation"])

    def verdict(self, command: str) -> Verdict | None:
        """The contract's verdict; None while the command is pending."""
        status, client, sequence, _, reason, evidence = self.contract.functions.commandOf(command).call()
        if STATUS[status] in ("None", "Pending"):
            return None
        text = bytes(reason).rstrip(b"\0").decode()
        return Verdict(STATUS[status], client, sequence, text, "0x" + bytes(evidence).hex())

    def decided(self, sent: Sent, seconds: float = 300) -> Verdict:
        """Wait for the verdict of a command."""
        return eventually(lambda: self.verdict(sent.id), f"a verdict of command {sent.id}", seconds)

    def api(self, path: str) -> dict[str, t.Any]:
        """An answer of the facade API to the operator's token."""
        token = pathlib.Path(self.facts["api_token_file"]).read_text().strip()
        request = urllib.request.Request(
            self.facts["api_url"] + path, headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return t.cast(dict[str, t.Any], json.load(answer))

    def exchange(self, path: str, **body: t.Any) -> None:
        """Drive the stand-in of the exchange."""
        request = urllib.request.Request(
            f"{self.facts['exchange_url']}/_fake/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()

    def pods(self, client: int) -> list[t.Any]:
        """The client's pods, terminating ones included."""
        return list(self.core.list_namespaced_pod(host(client)).items)

    def pod(self, client: int) -> tuple[str, int] | None:
        """UID and restarts of the client's one ready pod; None otherwise."""
        pods = self.pods(client)
        if len(pods) != 1 or not pods[0].status.container_statuses:
            return None
        status = pods[0].status.container_statuses[0]
        return (pods[0].metadata.uid, status.restart_count) if status.ready else None

    def secrets(self, client: int) -> set[str]:
        """Names of the client's Secrets."""
        return {item.metadata.name for item in self.core.list_namespaced_secret(host(client)).items}

    def values(self, client: int) -> dict[str, t.Any]:
        """The client's file in Git."""
        repository = self.facts["gitops_repository"]
        with tempfile.TemporaryDirectory() as folder:
            branch = ("--depth=1", "--branch=main", "--no-checkout")
            subprocess.run(["git", "clone", "--quiet", *branch, repository, folder], check=True)
            show = ["git", "-C", folder, "show", f"HEAD:clientes/{host(client)}/values.yaml"]
            run = subprocess.run(show, capture_output=True, text=True, check=True)
        return t.cast(dict[str, t.Any], yaml.safe_load(run.stdout))

    def trades(self, client: int) -> list[tuple[int, str, bool]]:
        """Number, pair and whether it is open, of each trade in the client's schema, read as the client."""
        secret = self.core.read_namespaced_secret(f"{host(client)}-database", host(client))
        database = self.facts["database"]
        with psycopg2.connect(
            host=database["host"],
            port=database["port"],
            dbname=database["name"],
            user=host(client).replace("-", "_"),
            password=base64.b64decode(secret.data["password"]).decode(),
        ) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT to_regclass('trades')")
            if cursor.fetchone() == (None,):
                return []
            cursor.execute("SELECT id, pair, is_open FROM trades ORDER BY id")
            return cursor.fetchall()
