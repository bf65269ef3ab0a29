# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""External Secrets makes, on a real Kubernetes API, Secrets of what bot_secret keeps in a stand-in of AWS.

It builds the controller when the cache lacks it, which takes about nine minutes.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import tarfile
import time
import typing as t
import urllib.error
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _kubernetes
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._cluster import renew_crds
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._manifest import objects_of
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets import (
    ClientSecrets,
    Exchange,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._secrets._aws_store import (
    AwsStore,
    connect,
)
from ansible_collections.bot_freqtrade.platform.tests.support.addon_charts import INFRA
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi, api_server
from ansible_collections.bot_freqtrade.platform.tests.support.processes import free_port, running
from ansible_collections.bot_freqtrade.platform.tests.support.workloads import workloads
from moto.server import ThreadedMotoServer

from infra.local.platform_local import external_secrets
from infra.local.platform_local.paths import Layout

pytestmark = pytest.mark.timeout(1800)

REGION = "eu-central-1"
KEYS = {"BINANCE_API_KEY": "canary-key-7d1", "BINANCE_SECRET_KEY": "canary-secret-7d1"}
STORES = "/apis/external-secrets.io/v1/namespaces/{}/secretstores"
SECRETS = "/apis/external-secrets.io/v1/namespaces/{}/externalsecrets"
Object = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Place:
    """A cluster with the controller, and AWS's stand-in."""

    api: KubeApi
    aws: t.Any
    log: Path

    def secrets_of(self, client: Client) -> ClientSecrets:
        """Return bot_secret's hands on the client's secrets in AWS."""
        return ClientSecrets(AwsStore(self.aws, "bot_freqtrade/", client.host), client, check=False)

    def fill(self, client: Client, sequence: int, data: dict[str, str]) -> None:
        """Make the client's secrets, with exchange keys of a command."""
        self.secrets_of(client).ensure(lambda password: f"url-{password}", Exchange(sequence, "d", data))

    def get(self, path: str) -> Object | None:
        try:
            return self.api.request("GET", path)
        except urllib.error.HTTPError as error:
            error.close()
            return None

    def secret(self, client: Client, name: str) -> Object | None:
        return self.get(f"/api/v1/namespaces/{client.namespace}/secrets/{name}")

    def apply(self, client: Client, sequence: int, folder: Path) -> list[Object]:
        """Make what the chart renders for External Secrets, as Argo CD does; return it."""
        made = []
        for each in rendered(client, sequence, folder):
            path = (STORES if each["kind"] == "SecretStore" else SECRETS).format(client.namespace)
            if self.get(f"{path}/{each['metadata']['name']}") is None:
                self.api.request("POST", path, each)
            made.append(each)
        return made


def rendered(client: Client, sequence: int, folder: Path) -> list[Object]:
    """Return the store of the client's project, and the ExternalSecrets of its bot."""
    example = yaml.safe_load((INFRA / Client(1).values_path).read_text())
    secrets = {
        "database": client.database_secret,
        "api": client.api_secret,
        "exchange": client.exchange_secret(sequence),
    }
    store = {"enabled": True, "region": REGION, "prefix": "bot_freqtrade/", "refreshInterval": "1h"}
    values = folder / "values.json"
    found = []
    for chart, given in (("project", {"repository": "https://git.example"}), ("freqtrade", example)):
        own = {"secrets": secrets} if chart == "freqtrade" else {}
        values.write_text(json.dumps({**given, **own, "externalSecrets": store}))
        command = ["helm", "template", client.host, INFRA / "charts" / chart, "--values", values]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found += [
            each for each in yaml.safe_load_all(done.stdout) if "external-secrets" in each["apiVersion"]
        ]
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The controller, out of its image."""
    image = external_secrets.ensure(Layout.here())[0] / "image.tar"
    folder = tmp_path_factory.mktemp("program")
    with tarfile.open(image) as archive:
        archive.extract("layer.tar", folder, filter="data")
    with tarfile.open(folder / "layer.tar") as layer:
        layer.extract("external-secrets", folder, filter="data")
    return folder / "external-secrets"


@pytest.fixture(scope="module")
def place(program: Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    url = f"http://{host}:{port}"
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment = {**credentials, "AWS_SECRETSMANAGER_ENDPOINT": url}
    with contextlib.ExitStack() as stack:
        api = stack.enter_context(api_server(folder))
        # Before the collector of garbage starts, which looks for new kinds every half a minute only.
        bundle = external_secrets.module_folder() / "deploy" / "crds" / "bundle.yaml"
        renew_crds(_kubernetes.connect(str(api.kubeconfig)), objects_of(bundle.read_text()))
        stack.enter_context(workloads(api, folder))
        log = stack.enter_context(controller(program, api, environment))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in credentials.items():
            patch.setenv(name, value)
        yield Place(api, connect(REGION, url), log)
    aws.stop()


@contextlib.contextmanager
def controller(program: Path, api: KubeApi, environment: dict[str, str]) -> t.Iterator[Path]:
    """Run External Secrets and yield its log."""
    live, log = free_port(), api.directory / "external-secrets.log"
    command = [
        "setpriv", "--pdeathsig", "KILL", "env", *(f"{name}={value}" for name, value in environment.items()),
        f"KUBECONFIG={api.kubeconfig}", str(program), "--concurrent=5", f"--metrics-addr=127.0.0.1:{live}",
        "--enable-cluster-store-reconciler=false", "--enable-cluster-external-secret-reconciler=false",
        "--enable-push-secret-reconciler=false", "--enable-cluster-push-secret-reconciler=false",
        "--loglevel=debug",
    ]  # fmt: skip
    with running(command, log, lambda: "Starting workers" in _text(log), stop=signal.SIGTERM):
        yield log


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def eventually(look: t.Callable[[], t.Any], seconds: float = 30) -> t.Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not seen within {seconds} s"
        time.sleep(0.1)
    return found


def values_of(secret: Object) -> dict[str, str]:
    return {key: base64.b64decode(text).decode() for key, text in secret["data"].items()}


def test_what_bot_secret_keeps_in_aws_becomes_what_the_pod_mounts(place: Place, tmp_path: Path) -> None:
    client = Client(1)
    place.api.create_namespace(client.namespace)
    place.fill(client, 7, KEYS)
    started = time.monotonic()
    place.apply(client, 7, tmp_path)
    exchange = eventually(lambda: place.secret(client, client.exchange_secret(7)))
    database = eventually(lambda: place.secret(client, client.database_secret))
    api = eventually(lambda: place.secret(client, client.api_secret))
    print(f"synchronised in {time.monotonic() - started:.1f} s")
    assert values_of(exchange) == KEYS
    assert exchange["immutable"] is True
    assert values_of(database).keys() == {"DATABASE_URL"}
    assert values_of(database)["DATABASE_URL"] == f"url-{place.secrets_of(client).password()}"
    assert values_of(api).keys() == {"username", "password", "jwt_secret_key", "ws_token"}
    assert {owner["kind"] for owner in exchange["metadata"]["ownerReferences"]} == {"ExternalSecret"}


def test_the_cluster_adds_nothing_that_argo_cd_would_call_a_difference(place: Place, tmp_path: Path) -> None:
    client = Client(2)
    place.api.create_namespace(client.namespace)
    place.fill(client, 1, KEYS)
    for each in place.apply(client, 1, tmp_path):
        path = (STORES if each["kind"] == "SecretStore" else SECRETS).format(client.namespace)
        live = eventually(lambda path=path, each=each: _with_status(place, path, each))
        assert live["spec"] == each["spec"]


def _with_status(place: Place, path: str, each: Object) -> Object | None:
    found = place.get(f"{path}/{each['metadata']['name']}")
    conditions = (found or {}).get("status", {}).get("conditions", [])
    return found if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions) else None


def test_the_next_command_gets_a_secret_of_its_own_and_the_former_goes(place: Place, tmp_path: Path) -> None:
    client = Client(3)
    place.api.create_namespace(client.namespace)
    place.fill(client, 1, KEYS)
    place.apply(client, 1, tmp_path)
    eventually(lambda: place.secret(client, client.exchange_secret(1)))
    newer = {key: f"{value}-2" for key, value in KEYS.items()}
    place.fill(client, 2, newer)
    place.apply(client, 2, tmp_path)
    assert values_of(eventually(lambda: place.secret(client, client.exchange_secret(2)))) == newer
    assert values_of(place.secret(client, client.exchange_secret(1)) or {}) == KEYS
    place.api.request("DELETE", f"{SECRETS.format(client.namespace)}/{client.exchange_secret(1)}")
    eventually(lambda: place.secret(client, client.exchange_secret(1)) is None)
    place.secrets_of(client).prune(1, [], 2)
    assert values_of(place.secret(client, client.exchange_secret(2)) or {}) == newer


def test_no_key_leads_to_another_client(place: Place, tmp_path: Path) -> None:
    mine, other = Client(4), Client(5)
    place.api.create_namespace(mine.namespace)
    place.fill(mine, 1, KEYS)
    place.fill(other, 1, KEYS)
    store, external = place.apply(mine, 1, tmp_path)[:2]
    path = SECRETS.format(mine.namespace)
    asked = (other.database_secret, f"../{other.database_secret}", f"bot_freqtrade/{other.database_secret}")
    for number, key in enumerate(asked):
        name = f"{mine.host}-stolen-{number}"
        stolen = {"secretKey": "x", "remoteRef": {"key": key, "property": "DATABASE_URL"}}
        spec = {**external["spec"], "target": {"name": name}, "data": [stolen]}
        place.api.request("POST", path, {**external, "metadata": {"name": name}, "spec": spec})
        found = eventually(lambda name=name: _condition(place, f"{path}/{name}"))
        assert (found["status"], found["reason"]) == ("False", "SecretSyncedError")
        assert place.secret(mine, name) is None
    assert store["spec"]["provider"]["aws"]["prefix"] == f"bot_freqtrade/{mine.host}-"


def _condition(place: Place, path: str) -> Object | None:
    conditions: list[Object] = (place.get(path) or {}).get("status", {}).get("conditions", [])
    return conditions[0] if conditions else None


def test_a_secret_that_comes_late_is_waited_for(place: Place, tmp_path: Path) -> None:
    client = Client(6)
    place.api.create_namespace(client.namespace)
    place.apply(client, 1, tmp_path)
    path = f"{SECRETS.format(client.namespace)}/{client.exchange_secret(1)}"
    assert eventually(lambda: _condition(place, path))["status"] == "False"
    place.fill(client, 1, KEYS)
    assert values_of(eventually(lambda: place.secret(client, client.exchange_secret(1)))) == KEYS


def test_the_controller_writes_no_value_into_its_log(place: Place) -> None:
    assert os.path.getsize(place.log) > 0
    assert "canary" not in _text(place.log)
