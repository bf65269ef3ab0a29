# SPDX-License-Identifier: GPL-3.0-or-later
"""init-schema.sh runs as the client, against a real PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "infra" / "charts" / "freqtrade" / "scripts" / "init-schema.sh"
DATABASE, ROLE, PASSWORD = "init_schema", "cliente_001", "password-of-the-client"


class Outcome(t.NamedTuple):
    status: int
    output: str
    message: dict[str, t.Any]


@pytest.fixture(name="client")
def _client(postgres_15: t.Any) -> t.Iterator[t.Any]:
    """A server with a database and the client's role, which may connect and no more."""
    with postgres_15.superuser() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    with postgres_15.superuser(DATABASE) as cursor:
        cursor.execute(
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC"
        )
        cursor.execute(f"CREATE ROLE {ROLE} LOGIN NOINHERIT PASSWORD '{PASSWORD}'")
        cursor.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {ROLE}")
    yield postgres_15
    with postgres_15.superuser() as cursor:
        cursor.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        cursor.execute(f"DROP ROLE {ROLE}")


def execute(server: t.Any, statement: str) -> None:
    with server.superuser(DATABASE) as cursor:
        cursor.execute(statement)


@pytest.fixture(name="run")
def _run(client: t.Any, tmp_path: Path) -> t.Callable[..., Outcome]:
    def run(password: str = PASSWORD, port: int = client.port, search_path: str = ROLE) -> Outcome:
        message = tmp_path / "termination-log"
        message.write_text("{}")
        environment = {
            "PATH": os.environ["PATH"],
            "FREQTRADE_SCHEMA": ROLE,
            "DATABASE_URL": f"postgresql+psycopg2://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}"
            f"?options=-csearch_path%3D{search_path}",
            "TERMINATION_LOG": str(message),
        }
        done = subprocess.run(
            ["/bin/sh", SCRIPT], check=False, capture_output=True, text=True, env=environment
        )
        assert done.stderr == ""
        assert PASSWORD not in done.stdout + message.read_text()
        return Outcome(done.returncode, done.stdout, json.loads(message.read_text()))

    return run


def test_a_schema_of_the_client_is_ready(client, run):
    execute(client, f"CREATE SCHEMA {ROLE} AUTHORIZATION {ROLE}")
    assert run() == (0, "init-schema: schema cliente_001 is ready\n", {})


def test_a_missing_schema_is_created_where_the_client_may(client, run):
    execute(client, f"GRANT CREATE ON DATABASE {DATABASE} TO {ROLE}")
    assert run() == (
        0,
        "init-schema: created schema cliente_001\ninit-schema: schema cliente_001 is ready\n",
        {},
    )
    assert run().output == "init-schema: schema cliente_001 is ready\n"


def test_a_missing_schema_that_the_client_may_not_create_is_explained(run):
    outcome = run()
    assert outcome.message == {"code": "database_refused", "exit": 1}
    assert outcome.status == 1
    assert "does not exist, and the role may not create it: run tenant_schema first" in outcome.output


def test_a_schema_that_the_client_may_not_use_is_explained(client, run):
    execute(client, f"CREATE SCHEMA {ROLE}")
    assert run().message["code"] == "database_refused"
    assert "has no USAGE on schema cliente_001" in run().output


def test_a_schema_without_tables_needs_create(client, run):
    execute(client, f"CREATE SCHEMA {ROLE}; GRANT USAGE ON SCHEMA {ROLE} TO {ROLE}")
    assert "has no CREATE on schema cliente_001" in run().output
    execute(client, f"CREATE TABLE {ROLE}.trades ()")
    assert run().status == 0


def test_another_search_path_would_put_the_tables_elsewhere(client, run):
    execute(client, f"CREATE SCHEMA {ROLE} AUTHORIZATION {ROLE}; CREATE SCHEMA other AUTHORIZATION {ROLE}")
    outcome = run(search_path="other")
    assert (outcome.status, outcome.message["code"]) == (1, "database_refused")
    assert "tables would go to schema other, not cliente_001" in outcome.output


def test_a_wrong_password_is_refused(run):
    assert run(password="another").message == {"code": "database_refused", "exit": 1}


def test_a_database_that_is_away_is_unreachable(run):
    assert run(port=1).message == {"code": "database_unreachable", "exit": 1}
