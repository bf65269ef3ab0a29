# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients' secrets in AWS's stand-in, brought to the bots by External Secrets.

Needs a platform that was started with ``-e local_platform_external_secrets=true``.
"""

from __future__ import annotations

import base64
import json
import subprocess
import typing as t
from collections.abc import Callable

import boto3
import pytest
from kubernetes import client as kube

from tests.e2e.intruder import Intruder, values
from tests.e2e.live import Live, Sent, eventually, host
from tests.e2e.story import BAD_KEYS, GOOD_KEYS, STOP, start
from tests.e2e.trail import Trail

pytestmark = pytest.mark.timeout(1500)

KEYS: t.Final = {"BINANCE_API_KEY": GOOD_KEYS["key"], "BINANCE_SECRET_KEY": GOOD_KEYS["secret"]}
GROUP: t.Final = ("external-secrets.io", "v1")
THIEF: t.Final = host(951)


class Aws:
    """The stand-in for AWS Secrets Manager."""

    def __init__(self, facts: dict[str, str]) -> None:
        self.prefix = facts["prefix"]
        self._api = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test").client(
            "secretsmanager", region_name=facts["region"], endpoint_url=facts["endpoint_url"]
        )

    def names(self, client: int) -> set[str]:
        """Names of the client's secrets, without what all names begin with."""
        pages = self._api.get_paginator("list_secrets").paginate()
        found = [each["Name"].removeprefix(self.prefix) for page in pages for each in page["SecretList"]]
        return {name for name in found if name.startswith(f"{host(client)}-")}

    def read(self, name: str) -> dict[str, t.Any]:
        """What a secret holds."""
        found = self._api.get_secret_value(SecretId=self.prefix + name)
        return t.cast(dict[str, t.Any], json.loads(found["SecretString"]))


@pytest.fixture(scope="module")
def aws(live: Live) -> Aws:
    assert "aws" in live.facts, "start the platform with -e local_platform_external_secrets=true"
    live.exchange("reset", keys={GOOD_KEYS["key"]: GOOD_KEYS["secret"]})
    return Aws(live.facts["aws"])


def secret(live: Live, client: int, name: str) -> t.Any:
    return live.core.read_namespaced_secret(name, host(client))


def content(found: t.Any) -> dict[str, str]:
    return {key: base64.b64decode(text).decode() for key, text in found.data.items()}


def exchange(live: Live, client: int) -> set[str]:
    return {name for name in live.secrets(client) if "-exchange-" in name}


def approved(live: Live, trail: Trail, client: int, command: dict[str, t.Any]) -> Sent:
    keys = GOOD_KEYS if command is not STOP else None
    sent = live.send(client, command, keys)
    trail.decided_once(sent)
    return sent


def test_a_sealed_key_reaches_its_bot_by_aws_and_goes_with_the_bot(
    live: Live, trail: Trail, clients: Callable[[], int], aws: Aws
) -> None:
    client = clients()
    first = approved(live, trail, client, start("SampleTrend", dry_run=False))
    name = f"{host(client)}-exchange-{first.sequence}"
    found = secret(live, client, name)
    assert content(found) == KEYS
    assert found.immutable is True
    assert [owner.kind for owner in found.metadata.owner_references] == ["ExternalSecret"]
    assert KEYS.items() <= aws.read(name).items()
    trail.trades_once(client)
    url = content(secret(live, client, f"{host(client)}-database"))
    assert url.keys() == {"DATABASE_URL"}
    assert url["DATABASE_URL"] == aws.read(f"{host(client)}-database")["DATABASE_URL"]

    second = approved(live, trail, client, start("SampleTrend2", dry_run=False))
    newer = f"{host(client)}-exchange-{second.sequence}"
    eventually(lambda: exchange(live, client) == {newer}, f"{newer} alone in the namespace", 60)
    assert {each for each in aws.names(client) if "-exchange-" in each} == {newer}
    trail.trades_once(client)

    approved(live, trail, client, STOP)
    eventually(lambda: not exchange(live, client), "no exchange Secret in the namespace", 60)
    assert aws.names(client) == {f"{host(client)}-database", f"{host(client)}-api"}


def test_keys_that_the_exchange_refuses_bring_the_former_bot_back(
    live: Live, trail: Trail, clients: Callable[[], int], aws: Aws
) -> None:
    client = clients()
    good = approved(live, trail, client, start("SampleTrend", dry_run=False))
    bad = live.send(client, start("SampleTrend", dry_run=False), BAD_KEYS)
    trail.decided_once(bad, "RolledBack", "exchange_key_refused")
    kept = f"{host(client)}-exchange-{good.sequence}"
    eventually(lambda: exchange(live, client) == {kept}, f"{kept} alone in the namespace", 60)
    assert {each for each in aws.names(client) if "-exchange-" in each} == {kept}
    trail.trades_once(client)


def test_no_client_s_file_or_manifest_reads_the_secrets_of_another(
    live: Live, trail: Trail, clients: Callable[[], int], aws: Aws
) -> None:
    victim = clients()
    sent = approved(live, trail, victim, start("SampleTrend", dry_run=False))
    wanted = f"{host(victim)}-exchange-{sent.sequence}"
    intruder = Intruder(live)
    provider = {"aws": {"service": "SecretsManager", "region": live.facts["aws"]["region"]}}
    store = {
        "apiVersion": "/".join(GROUP),
        "kind": "SecretStore",
        "metadata": {"name": "intruder"},
        "spec": {"provider": provider},
    }
    # What looks for secrets by a pattern is not bound by the prefix of the thief's own store.
    search = {
        "apiVersion": "/".join(GROUP),
        "kind": "ExternalSecret",
        "metadata": {"name": "intruder"},
        "spec": {
            "secretStoreRef": {"name": THIEF},
            "target": {"name": "intruder-exchange"},
            "dataFrom": [{"find": {"name": {"regexp": "exchange"}}}],
        },
    }
    refusals = {"SecretStore is not permitted in project": store, "has no dataFrom": search}
    secrets = {"database": "", "api": "", "exchange": wanted}
    folders = {f"attacks/{number}": body for number, body in enumerate(refusals.values())}
    manifests = {f"{folder}/manifest.yaml": json.dumps(body) for folder, body in folders.items()}
    intruder.publish(manifests, "attack-on-secrets")
    with intruder.clients({THIEF: values(secrets=secrets)}):
        intruder.says(THIEF, f"{wanted} does not begin with {THIEF}-")
        for refusal, folder in zip(refusals, folders, strict=True):
            name = folder.replace("/", "-")
            with intruder.application(name, THIEF, targetRevision="attack-on-secrets", path=folder):
                intruder.says(name, refusal)
        assert stores(live) == {THIEF: {"prefix": f"{aws.prefix}{THIEF}-"}}
        assert not {name for name in names(live) if "exchange" in name}


def stores(live: Live) -> dict[str, dict[str, str]]:
    """The stores of the thief's namespace, with what they put before every key."""
    found = kube.CustomObjectsApi().list_namespaced_custom_object(*GROUP, THIEF, "secretstores")
    return {
        each["metadata"]["name"]: {"prefix": each["spec"]["provider"]["aws"].get("prefix", "")}
        for each in found["items"]
    }


def names(live: Live) -> set[str]:
    """The Secrets of the thief's namespace."""
    return {item.metadata.name for item in live.core.list_namespaced_secret(THIEF).items}


def test_external_secrets_runs_as_the_role_installed_it(live: Live) -> None:
    (pod,) = live.core.list_namespaced_pod("external-secrets").items
    assert pod.status.phase == "Running"
    assert [status.restart_count for status in pod.status.container_statuses] == [0]
    command = [
        "ansible-playbook",
        "bot_freqtrade.platform.local_up",
        "-e",
        "local_platform_external_secrets=true",
    ]
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "changed=0" in again.stdout
    assert [each.metadata.uid for each in live.core.list_namespaced_pod("external-secrets").items] == [
        pod.metadata.uid
    ]
