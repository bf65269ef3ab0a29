# SPDX-License-Identifier: GPL-3.0-or-later
"""How the chart asks External Secrets for a client's Secrets, and that no client's file reaches another's."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._client import Client
from ansible_collections.bot_freqtrade.platform.tests.support.addon_charts import INFRA

CLIENT = Client(1)
ENABLED = {"enabled": True, "region": "eu-central-1", "prefix": "bot_freqtrade/", "refreshInterval": "1h"}
SECRETS = {
    "database": CLIENT.database_secret,
    "api": CLIENT.api_secret,
    "exchange": CLIENT.exchange_secret(7),
}
WAVE = "argocd.argoproj.io/sync-wave"
EXAMPLE: dict[str, t.Any] = yaml.safe_load((INFRA / CLIENT.values_path).read_text())
Object = dict[str, t.Any]


def helm(
    folder: Path, secrets: Object, chart: str = "freqtrade", **environment: t.Any
) -> subprocess.CompletedProcess[str]:
    """Render as Argo CD does, with the environment's choice over what the client's file says."""
    mine, whole = folder / "values.json", folder / "environment.json"
    mine.write_text(json.dumps({**EXAMPLE, "secrets": secrets, **environment.pop("client", {})}))
    given = yaml.safe_load((INFRA / "environment.yaml").read_text())
    whole.write_text(json.dumps({**given, "externalSecrets": {**ENABLED, **environment}}))
    command = ["helm", "template", CLIENT.host, INFRA / "charts" / chart, "--namespace", CLIENT.host]
    files = ["--values", mine] if chart == "freqtrade" else ["--set", "repository=https://git.example"]
    return subprocess.run([*command, *files, "--values", whole], check=False, capture_output=True, text=True)


def rendered(folder: Path, secrets: Object | None = None, **environment: t.Any) -> dict[str, list[Object]]:
    done = helm(folder, SECRETS if secrets is None else secrets, **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[Object]] = {}
    for each in yaml.safe_load_all(done.stdout):
        found.setdefault(each["kind"], []).append(each)
    return found


def store(folder: Path) -> Object:
    """What the client's project brings."""
    (found,) = rendered(folder, chart="project")["SecretStore"]
    return found


def test_the_store_reaches_the_client_s_own_secrets_only(tmp_path: Path) -> None:
    assert store(tmp_path)["metadata"]["namespace"] == CLIENT.namespace
    assert store(tmp_path)["spec"]["provider"]["aws"] == {
        "service": "SecretsManager",
        "region": "eu-central-1",
        "prefix": "bot_freqtrade/cliente-001-",
    }


def test_a_client_s_own_application_may_not_make_a_store(tmp_path: Path) -> None:
    (project,) = rendered(tmp_path, chart="project")["AppProject"]
    allowed = {(each["group"], each["kind"]) for each in project["spec"]["namespaceResourceWhitelist"]}
    assert {kind for group, kind in allowed if group == "external-secrets.io"} == {"ExternalSecret"}
    assert "SecretStore" not in rendered(tmp_path)


def test_each_secret_is_asked_for_by_the_name_under_which_bot_secret_keeps_it(tmp_path: Path) -> None:
    objects, there = rendered(tmp_path), store(tmp_path)
    prefix = there["spec"]["provider"]["aws"]["prefix"]
    for each in objects["ExternalSecret"]:
        spec, name = each["spec"], each["metadata"]["name"]
        assert spec["target"]["name"] == name
        assert spec["secretStoreRef"] == {"kind": "SecretStore", "name": there["metadata"]["name"]}
        assert {prefix + item["remoteRef"]["key"] for item in spec["data"]} == {f"bot_freqtrade/{name}"}
        assert spec["target"]["immutable"] is (name == SECRETS["exchange"])
        assert spec["refreshPolicy"] == ("CreatedOnce" if name == SECRETS["exchange"] else "Periodic")
    assert {each["metadata"]["name"] for each in objects["ExternalSecret"]} == set(SECRETS.values())


def test_the_pod_gets_every_key_that_it_mounts_and_no_other(tmp_path: Path) -> None:
    objects = rendered(tmp_path)
    asked = {
        (each["metadata"]["name"], item["secretKey"])
        for each in objects["ExternalSecret"]
        for item in each["spec"]["data"]
    }
    pod = objects["Deployment"][0]["spec"]["template"]["spec"]
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for container in (*pod["initContainers"], *pod["containers"])
        for variable in container["env"]
        if "secretKeyRef" in variable.get("valueFrom", {})
    ]
    assert asked == {(each["name"], each["key"]) for each in references}


def test_secrets_are_there_before_the_pod(tmp_path: Path) -> None:
    waves = {
        kind: {int(each["metadata"].get("annotations", {}).get(WAVE, 0)) for each in found}
        for kind, found in rendered(tmp_path).items()
    }
    assert (waves["ExternalSecret"], waves["Deployment"]) == ({-1}, {0})


@pytest.mark.parametrize(
    ("secrets", "names"),
    [
        ({**SECRETS, "exchange": ""}, {SECRETS["database"], SECRETS["api"]}),
        ({"database": "", "api": "", "exchange": ""}, set()),
    ],
    ids=["no exchange keys", "a client that never ran"],
)
def test_only_named_secrets_are_asked_for(tmp_path: Path, secrets: Object, names: set[str]) -> None:
    objects = rendered(tmp_path, secrets, client={"replicas": 0})
    assert {each["metadata"]["name"] for each in objects.get("ExternalSecret", [])} == names


def test_nothing_is_asked_for_where_bot_secret_makes_the_secrets(tmp_path: Path) -> None:
    assert "ExternalSecret" not in rendered(tmp_path, enabled=False)
    assert "SecretStore" not in rendered(tmp_path, chart="project", enabled=False)


@pytest.mark.parametrize("part", SECRETS)
@pytest.mark.parametrize(
    "name", ["cliente-002-exchange-7", "cliente-0011-api", "platform-admin", "cliente-001"]
)
def test_the_secret_of_another_is_refused(tmp_path: Path, part: str, name: str) -> None:
    done = helm(tmp_path, {**SECRETS, part: name})
    assert done.returncode != 0
    assert f"secrets.{part}: {name} does not begin with cliente-001-" in done.stderr


@pytest.mark.parametrize(
    "own",
    [
        {"prefix": "bot_freqtrade/cliente-002-"},
        {"region": "us-east-1"},
        {"enabled": False},
        {"refreshInterval": "1m"},
    ],
)
def test_a_client_s_file_cannot_choose_the_store(tmp_path: Path, own: Object) -> None:
    assert rendered(tmp_path, client={"externalSecrets": own}) == rendered(tmp_path)


@pytest.mark.parametrize(
    "environment",
    [
        {"prefix": ""},
        {"prefix": "bot_freqtrade"},
        {"prefix": "bot_freqtrade/*/"},
        {"region": ""},
        {"region": "../x"},
        {"refreshInterval": "0s"},
        {"role": "arn:aws:iam::1:role/x"},
    ],
)
@pytest.mark.parametrize("chart", ["project", "freqtrade"])
def test_a_store_without_bounds_is_refused(tmp_path: Path, chart: str, environment: Object) -> None:
    done = helm(tmp_path, SECRETS, chart, **environment)
    assert "don't meet the specifications of the schema" in done.stderr
