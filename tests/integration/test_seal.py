# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""seal.py, as a client calls it, against the contract on a real chain."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope import (
    Command,
    KeyStore,
    PrivateKey,
    Provenance,
    check_and_open,
    open_command,
)
from eth_account import Account

from infra.client import seal as seal_command
from tests.support.anvil import CONTRACTS, Anvil, Platform, deploy_platform, running_anvil

PROGRAM = CONTRACTS.parent / "client" / "seal.py"
Json = dict[str, t.Any]
STOP: Json = {"operation": "trade.stop"}
START: Json = {
    "operation": "trade.start",
    "specification": {
        "strategy": "SampleTrend",
        "pairs": ["BTC/USDT"],
        "timeframe": "5m",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 2,
        "dry_run": False,
    },
}
EXCHANGE: Json = {"key": "CANARYkeyCANARYkey", "secret": "CANARYsecretCANARYsecret"}


@pytest.fixture(scope="module")
def chain() -> t.Iterator[Anvil]:
    with running_anvil() as chain:
        yield chain


@pytest.fixture
def platform(chain: Anvil) -> Platform:
    return deploy_platform(chain)


@pytest.fixture
def keystore(tmp_path: pathlib.Path) -> KeyStore:
    return KeyStore(tmp_path / "keys")


@pytest.fixture
def key(platform: Platform, keystore: KeyStore) -> PrivateKey:
    key = keystore.generate(2)
    platform.publish_key(2, key.public_key)
    return key


class Client:
    """A registered wallet with its files, and the command line it types."""

    def __init__(self, platform: Platform, folder: pathlib.Path) -> None:
        self.platform, self.folder = platform, folder
        self.wallet = platform.chain.accounts[2]
        self.number = platform.register(self.wallet)
        self.key_file = self.secret_file("wallet.key", self.wallet.key.hex())
        self.exchange_file = self.secret_file("exchange.json", json.dumps(EXCHANGE))

    def secret_file(self, name: str, content: str) -> pathlib.Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(content)
        return path

    def line(self, *arguments: str) -> list[str]:
        where = ["--rpc-url", self.platform.chain.url, "--contract", self.platform.address]
        return ["-", *where, "--wallet-key-file", str(self.key_file), *arguments]

    def run(self, command: Json, *arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, str(PROGRAM), *self.line(*arguments)]
        return subprocess.run(line, input=json.dumps(command), capture_output=True, text=True, check=False)

    def sealed(self, command: Json, *arguments: str) -> Json:
        result = self.run(command, *arguments)
        assert result.returncode == 0, result.stderr
        assert "CANARY" not in result.stdout + result.stderr
        described: Json = json.loads(result.stdout)
        return described

    def refused(self, command: Json, *arguments: str) -> str:
        result = self.run(command, *arguments)
        assert result.returncode == 1, result.stdout
        assert result.stdout == ""
        assert "CANARY" not in result.stderr
        assert len(result.stderr.splitlines()) == 1
        return result.stderr


@pytest.fixture
def client(platform: Platform, key: PrivateKey, tmp_path: pathlib.Path) -> Client:
    return Client(platform, tmp_path)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def event_of(platform: Platform, transaction: str) -> Json:
    receipt = platform.chain.web3.eth.get_transaction_receipt(t.cast("t.Any", transaction))
    (event,) = platform.contract.events.EncryptedCommand().process_receipt(receipt)
    return dict(event["args"])


def opened_by_the_platform(platform: Platform, event: Json, keystore: KeyStore) -> Command:
    """Open a command by what the chain alone says of it."""
    functions = platform.contract.functions
    provenance = Provenance(
        platform.chain.chain_id,
        platform.address,
        event["client"],
        event["sender"],
        event["sequence"],
        bytes(event["keyId"]),
    )
    return check_and_open(
        bytes(event["payload"]),
        provenance,
        keystore,
        stop=functions.commandOf(event["commandId"]).call()[3],
        revoked=lambda key_id: bool(functions.keyOf(key_id).call()[1]),
        authorised=lambda number, sender: bool(functions.walletOf(number).call() == sender),
    )


@pytest.mark.parametrize("command", [STOP, START | {"exchange": EXCHANGE}], ids=["stop", "start"])
def test_the_platform_opens_what_the_client_submitted(
    client: Client, platform: Platform, keystore: KeyStore, command: Json
) -> None:
    result = client.sealed(command, "--submit")
    event = event_of(platform, result["transaction"])
    assert event["commandId"] == unhex(result["command_id"])
    assert platform.status(event["commandId"]) == "Pending"
    opened = opened_by_the_platform(platform, event, keystore)
    assert opened.operation == command["operation"]
    assert opened.has_exchange is ("exchange" in command)
    assert (result["client"], result["sequence"]) == (client.number, 1)
    assert client.sealed(STOP)["sequence"] == 2


def test_a_payload_is_sealed_for_somebody_else_to_send(client: Client, keystore: KeyStore) -> None:
    head = client.platform.chain.head
    result = client.sealed(START, "--exchange-file", str(client.exchange_file))
    assert client.platform.chain.head == head
    assert "transaction" not in result
    fields = {name: result[name] for name in ("chain_id", "contract", "client", "sender", "sequence")}
    provenance = Provenance(**fields, key_id=unhex(result["key_id"]))
    command = open_command(unhex(result["payload"]), provenance, keystore)
    assert command.exchange is not None
    assert {"key": command.exchange.key, "secret": command.exchange.secret} == EXCHANGE


def test_the_address_of_a_wallet_is_enough_to_seal(client: Client) -> None:
    line = client.line()
    place = line.index("--wallet-key-file")
    line[place : place + 2] = ["--wallet", client.wallet.address]
    options = seal_command.parser().parse_args(line)
    options.command = str(client.secret_file("stop.json", json.dumps(STOP)))
    assert seal_command.run(options)["sender"] == client.wallet.address
    options.submit = True
    with pytest.raises(seal_command.SealError, match="--submit needs --wallet-key-file"):
        seal_command.run(options)


def test_exchange_keys_and_wallet_password_are_asked_for(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keystore = Account.encrypt(client.wallet.key, "wallet password", iterations=2)
    client.key_file.write_text(json.dumps(keystore))
    command_file = client.secret_file("start.json", json.dumps(START))
    answers = {"Wallet password: ": "wallet password"} | {
        f"Exchange {name}: ": value for name, value in EXCHANGE.items()
    }
    monkeypatch.setattr("getpass.getpass", answers.__getitem__)
    line = client.line("--ask-exchange")
    assert seal_command.main([str(command_file), *line[1:]]) == 0
    assert json.loads(capsys.readouterr().out)["sender"] == client.wallet.address
    answers["Wallet password: "] = "another"
    assert seal_command.main([str(command_file), *line[1:]]) == 1
    assert "the password is wrong" in capsys.readouterr().err


def test_only_the_key_with_the_given_fingerprint_is_sealed_to(client: Client, key: PrivateKey) -> None:
    fingerprint = client.sealed(STOP)["fingerprint"]
    assert fingerprint.startswith(key.key_id.hex())
    assert client.sealed(STOP, "--fingerprint", fingerprint)
    assert "not the given one" in client.refused(STOP, "--fingerprint", "00" * 32)


def test_a_suite_without_a_key_is_refused(client: Client, platform: Platform, key: PrivateKey) -> None:
    assert "no key of suite 1" in client.refused(STOP, "--suite", "1")
    platform.revoke_key(key.key_id)
    assert "no key of suite 2" in client.refused(STOP)


def test_a_command_that_the_platform_would_refuse_costs_nothing(client: Client) -> None:
    head = client.platform.chain.head
    assert "exchange_secret_missing" in client.refused(START, "--submit")
    assert "payload_schema" in client.refused(STOP | {"CANARY": 1}, "--submit")
    assert "operation_unknown" in client.refused({"operation": "CANARY"}, "--submit")
    bad = EXCHANGE | {"secret": "1234567890123456"}
    assert "/exchange/secret: pattern" in client.refused(START | {"exchange": bad}, "--submit")
    both = ("--exchange-file", str(client.exchange_file))
    assert "give them once" in client.refused(START | {"exchange": EXCHANGE}, *both)
    assert client.platform.chain.head == head


@pytest.mark.parametrize("name", ["wallet.key", "exchange.json"])
def test_a_secret_file_open_to_others_is_refused(client: Client, name: str) -> None:
    (client.folder / name).chmod(0o644)
    assert "set 0600" in client.refused(START, "--exchange-file", str(client.exchange_file))


@pytest.mark.parametrize("name", ["wallet.key", "exchange.json"])
def test_a_damaged_secret_file_is_not_quoted(client: Client, name: str) -> None:
    (client.folder / name).write_text("CANARY")
    assert name in client.refused(START, "--exchange-file", str(client.exchange_file))


def test_a_wallet_that_is_no_clients_is_told(client: Client, chain: Anvil) -> None:
    client.key_file.write_text(chain.accounts[5].key.hex())
    assert "ask the platform to register it" in client.refused(STOP)


def test_an_unreachable_chain_is_named_without_its_address(client: Client) -> None:
    error = client.refused(STOP, "--rpc-url", "http://127.0.0.1:9/CANARY-token")
    assert "Cannot reach the chain" in error


def test_an_address_without_a_contract_is_told(client: Client, chain: Anvil) -> None:
    assert "There is no contract at" in client.refused(STOP, "--contract", chain.accounts[6].address)


def test_the_last_pending_place_is_kept_for_a_stop(client: Client) -> None:
    start = START | {"exchange": EXCHANGE}
    for _attempt in range(3):
        client.sealed(start, "--submit")
    assert "too many commands wait" in client.refused(start, "--submit")
    assert client.sealed(STOP, "--submit")["sequence"] == 4


def test_a_command_that_came_first_is_told_and_nothing_is_sent(client: Client, platform: Platform) -> None:
    view = seal_command.Chain(platform.chain.url, t.cast("t.Any", platform.address))
    late = view.provenance(client.wallet.address, view.platform_key(2))
    client.sealed(STOP, "--submit")
    head = platform.chain.head
    with pytest.raises(seal_command.SealError, match="another command came first"):
        view.send(client.wallet, late, True, b"sealed")
    assert platform.chain.head == head


def test_a_transaction_that_stays_unseen_is_unknown_and_not_failed(client: Client, chain: Anvil) -> None:
    chain.automine(False)
    try:
        result = client.run(STOP, "--submit", "--timeout", "0.5")
    finally:
        chain.automine(True)
        chain.mine()
    assert result.returncode == 3
    described = json.loads(result.stdout)
    assert described["block"] is None
    assert event_of(client.platform, described["transaction"])["commandId"] == unhex(described["command_id"])


def test_the_program_speaks_of_the_contract_as_it_is() -> None:
    abi = json.loads((CONTRACTS / "artifacts" / "BotPlatform.json").read_text())["abi"]

    def signature(entry: Json) -> str:
        return f"{entry['name']}({','.join(argument['type'] for argument in entry['inputs'])})"

    errors = {signature(entry) for entry in abi if entry["type"] == "error"}
    assert set(seal_command.REVERTS) <= errors
    functions = {
        signature(entry): [output["type"] for output in entry["outputs"]]
        for entry in abi
        if entry["type"] == "function"
    }
    for entry in seal_command._ABI:
        assert functions[signature(entry)] == [output["type"] for output in entry["outputs"]]
