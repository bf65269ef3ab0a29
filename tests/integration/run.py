# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Run the integration targets of the collection on real parts: run.py [TARGET ...]

Starts PostgreSQL 15 and 18, a Kubernetes API and a stand-in of AWS on loopback, tells the targets about
them in ``integration_config.yml``, and ends them afterwards. The collection is tested as users get it, built
and installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import boto3
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _envelope, _postgres
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import api_server
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import (
    SUPERUSER,
    SUPERUSER_PASSWORD,
    server,
)
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "freqtrade_multi"
ADMIN = _postgres.Owner("platform_admin", "admin-of-a-throw-away-server", creates_roles=True)
MASTER = "master"
MASTER_PASSWORD = "master-of-a-throw-away-server"
REGION = "eu-central-1"
CLIENTS = (1, 2, 3)
SPECIFICATION = {
    "strategy": "SampleTrend",
    "pairs": ["BTC/USDT"],
    "timeframe": "5m",
    "stake_currency": "USDT",
    "stake_amount": 100,
    "max_open_trades": 2,
    "dry_run": False,
}


@contextlib.contextmanager
def postgres(version: int, directory: Path) -> t.Iterator[dict[str, t.Any]]:
    """Run a prepared PostgreSQL and yield the options that log in to it as the admin.

    Beside them, by ``superuser`` and ``master``, those of the superuser and of a master user as a managed
    service gives it.
    """
    directory.mkdir()
    with server(version, directory) as running:
        superuser = _postgres.Login(
            running.host, running.port, SUPERUSER, "postgres", password=SUPERUSER_PASSWORD
        )
        _postgres.ensure_database(superuser, DATABASE, ADMIN, check=False)
        admin = superuser.to(DATABASE).as_user(ADMIN.name, ADMIN.password)
        _postgres.create_reader(admin, "platform_metrics", "reader-of-a-throw-away-server")
        with running.superuser() as cursor:
            cursor.execute(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD '{MASTER_PASSWORD}'")
            cursor.execute(f"ALTER DATABASE postgres OWNER TO {MASTER}")

        def options(user: str, password: str) -> dict[str, t.Any]:
            passfile = running.write_passfile(directory / f"pgpass-{user}", user, password)
            place = {"login_host": running.host, "login_port": running.port}
            return {**place, "login_user": user, "login_passfile": str(passfile)}

        yield {
            **options(ADMIN.name, ADMIN.password),
            "superuser": options(SUPERUSER, SUPERUSER_PASSWORD),
            "master": options(MASTER, MASTER_PASSWORD),
        }


def master_secret(url: str) -> str:
    """Store the master's password as RDS does, and return the ARN of the secret."""
    api = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    document = {"username": MASTER, "password": MASTER_PASSWORD}
    arn: str = api.create_secret(Name="rds!db-master", SecretString=json.dumps(document))["ARN"]
    return arn


def commands(key_directory: Path) -> dict[str, dict[str, t.Any]]:
    """Return sealed commands of client 1 by the names that the targets use."""
    key = _envelope.KeyStore(key_directory).generate()
    start = {"operation": "trade.start", "specification": SPECIFICATION}
    exchange = {"key": "canary-of-the-exchange-key", "secret": "canary-of-the-exchange-secret"}
    plaintexts: dict[str, tuple[int, dict[str, t.Any]]] = {
        "first": (1, {**start, "exchange": exchange}),
        "first_again": (1, {**start, "exchange": exchange}),
        "second": (2, {**start, "exchange": exchange}),
        "stop": (3, {"operation": "trade.stop"}),
    }
    return {
        name: sealed(key, sequence, plaintext, key_directory)
        for name, (sequence, plaintext) in plaintexts.items()
    }


def sealed(
    key: _envelope.PrivateKey, sequence: int, plaintext: dict[str, t.Any], key_directory: Path
) -> dict[str, t.Any]:
    """Return the options of bot_secret for one command of client 1."""
    provenance = _envelope.Provenance(
        chain_id=31337,
        contract="0x5FbDB2315678afecb367f032d93F642f64180aa3",
        client=1,
        sender="0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        sequence=sequence,
        key_id=key.key_id,
    )
    payload = _envelope.seal(plaintext, key.public_key, provenance.binding(key.suite))
    return {
        "sequence": sequence,
        "payload": "0x" + payload.hex(),
        "key_id": "0x" + key.key_id.hex(),
        "sender": provenance.sender,
        "chain_id": provenance.chain_id,
        "contract": provenance.contract,
        "key_directory": str(key_directory),
    }


@contextlib.contextmanager
def services(directory: Path) -> t.Iterator[dict[str, t.Any]]:
    """Start all parts and yield the variables of the targets."""
    with contextlib.ExitStack() as stack:
        databases = {
            version: stack.enter_context(postgres(version, directory / f"postgres-{version}"))
            for version in (15, 18)
        }
        (directory / "kubernetes").mkdir()
        kubernetes = stack.enter_context(api_server(directory / "kubernetes"))
        for number in CLIENTS:
            kubernetes.create_namespace(Client(number).namespace)
        aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        aws.start()
        stack.callback(aws.stop)
        host, port = aws.get_host_and_port()
        yield {
            "integration_postgres": databases,
            "integration_kubeconfig": str(kubernetes.kubeconfig),
            "integration_aws": {"aws_region": REGION, "aws_endpoint_url": f"http://{host}:{port}"},
            "integration_master_secret": master_secret(f"http://{host}:{port}"),
            "integration_commands": commands(directory / "keys"),
        }


def run(targets: list[str], directory: Path) -> int:
    """Stage the collection under ``directory`` and return the status of ansible-test on the targets."""
    subprocess.run([ROOT / "tests" / "gates" / "stage.sh", directory], check=True, cwd=ROOT)
    collection = directory / "ansible_collections" / "bot_freqtrade" / "platform"
    with services(directory) as variables:
        config = collection / "tests" / "integration" / "integration_config.yml"
        config.write_text(json.dumps(variables))
        command = ["ansible-test", "integration", "--local", "--color", "no", *targets]
        return subprocess.run(command, cwd=collection, check=False).returncode


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bot_freqtrade-integration-") as name:
        os.chmod(name, 0o755)
        return run(sys.argv[1:], Path(name))


if __name__ == "__main__":
    sys.exit(main())
