# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The role database on a server as RDS gives it: a master user, its secret, and a database of its own."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import boto3
import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.plays import Played, play_role
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import Server, server
from moto.server import ThreadedMotoServer

MASTER_PASSWORD = "canary-of-the-master-5b21"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
WHO_OWNS_AND_WHO_ENTERS = """
    SELECT datname, pg_get_userbyid(datdba), has_database_privilege('public', oid, 'CONNECT'),
           has_database_privilege('platform_metrics', oid, 'CONNECT')
    FROM pg_database WHERE datallowconn ORDER BY 1
"""


@pytest.fixture(scope="module")
def rds(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Server]:
    folder = tmp_path_factory.mktemp("rds")
    for part in (folder, folder.parent, folder.parent.parent):
        part.chmod(0o755)
    with server(16, folder) as started:
        with started.superuser() as cursor:
            cursor.execute(f"CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD '{MASTER_PASSWORD}'")
            cursor.execute("ALTER DATABASE postgres OWNER TO master")
            cursor.execute("ALTER DATABASE template1 OWNER TO master")
            cursor.execute("CREATE DATABASE freqtrade_multi OWNER master")
        yield started


@pytest.fixture(scope="module")
def variables(rds: Server, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, t.Any]]:
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    url = f"http://{host}:{port}"
    api = boto3.client(
        "secretsmanager",
        region_name="eu-central-1",
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    document = {"username": "master", "password": MASTER_PASSWORD}
    arn = api.create_secret(Name="rds!db-1", SecretString=json.dumps(document))["ARN"]
    passwords = tmp_path_factory.mktemp("passwords")
    yield {
        "database_login": {"user": "master", "secret": arn},
        "database_listener": {
            "name": "platform",
            "user": "platform_listener",
            "passfile": str(passwords / "listener"),
        },
        "database_reader": {"passfile": str(passwords / "metrics")},
        "platform_database": {
            "host": rds.host,
            "port": rds.port,
            "user": "platform_admin",
            "passfile": str(passwords / "admin"),
            "reader": "platform_metrics",
        },
        "platform_aws_endpoint_url": url,
    }
    aws.stop()


def _play(variables: dict[str, t.Any], folder: Path, *options: str) -> Played:
    return play_role("database", variables, folder, *options, environment=CREDENTIALS)


def test_a_managed_server_is_prepared_once(rds: Server, variables: dict[str, t.Any], tmp_path: Path) -> None:
    foreseen = _play(variables, tmp_path, "--check", "--diff")
    with rds.superuser() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname LIKE 'platform%'")
        assert cursor.fetchall() == []
    made = _play(variables, tmp_path, "--diff")
    again = _play(variables, tmp_path, "--diff")
    assert (foreseen.code, foreseen.changed) == (0, 2), foreseen.output
    assert (made.code, made.changed) == (0, 3), made.output
    assert (again.code, again.changed) == (0, 0), again.output
    with rds.superuser() as cursor:
        cursor.execute(WHO_OWNS_AND_WHO_ENTERS)
        assert cursor.fetchall() == [
            ("freqtrade_multi", "platform_admin", False, True),
            ("platform", "platform_listener", False, False),
            ("postgres", "master", False, False),
            ("template1", "master", False, False),
        ]
    assert "may still: EXECUTE ON FUNCTION lo_creat(integer)" in again.output
    passwords = [
        line.rpartition(":")[2] for file in _passfiles(variables) for line in file.read_text().split()
    ]
    assert len(set(passwords)) == 3
    for password in (MASTER_PASSWORD, *passwords):
        assert not any(password in each.output for each in (foreseen, made, again))
    assert {file.stat().st_mode & 0o777 for file in _passfiles(variables)} == {0o600}


def test_the_server_of_another_is_refused(rds: Server, variables: dict[str, t.Any], tmp_path: Path) -> None:
    with rds.superuser() as cursor:
        cursor.execute("CREATE DATABASE taken")
    refused = _play(
        {**variables, "platform_database": {**variables["platform_database"], "name": "taken"}}, tmp_path
    )
    assert refused.failed == 1
    assert "The database taken is owned by postgres" in refused.output


def _passfiles(variables: dict[str, t.Any]) -> list[Path]:
    parts = ("database_listener", "database_reader", "platform_database")
    return [Path(variables[part]["passfile"]) for part in parts]
