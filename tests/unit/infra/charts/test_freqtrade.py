# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chart of a client's bot renders, and what it refuses."""

from __future__ import annotations

import copy
import json
import subprocess
import typing as t
from pathlib import Path

import jsonschema
import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._schema import (
    SPECIFICATION_SCHEMA,
)
from ansible_collections.bot_freqtrade.platform.tests.support.manifests import fault
from ansible_collections.bot_freqtrade.platform.tests.support.pods import assert_restricted

INFRA = Path(__file__).parents[4] / "infra"
CHART = INFRA / "charts" / "freqtrade"
CLIENT = "cliente-001"
SECRETS = {"database": "cliente-001-database", "api": "cliente-001-api", "exchange": ""}
EXAMPLE: dict[str, t.Any] = yaml.safe_load((INFRA / "clientes" / CLIENT / "values.yaml").read_text())
ENVIRONMENT: dict[str, t.Any] = yaml.safe_load((INFRA / "environment.yaml").read_text())
SCHEMA: dict[str, t.Any] = json.loads((CHART / "values.schema.json").read_text())

Manifests = dict[str, list[dict[str, t.Any]]]


def helm(folder: Path, values: dict[str, t.Any]) -> subprocess.CompletedProcess[str]:
    """Render as Argo CD does: the client's values, then the environment's."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    command = ["helm", "template", CLIENT, CHART, "--namespace", CLIENT]
    files = ["--values", file, "--values", INFRA / "environment.yaml"]
    return subprocess.run([*command, *files], check=False, capture_output=True, text=True)


@pytest.fixture(name="render")
def _render(tmp_path: Path) -> t.Callable[..., Manifests]:
    def render(**changes: t.Any) -> Manifests:
        done = helm(tmp_path, {**copy.deepcopy(EXAMPLE), **changes})
        assert done.returncode == 0, done.stderr
        manifests: Manifests = {}
        for manifest in yaml.safe_load_all(done.stdout):
            manifests.setdefault(manifest["kind"], []).append(manifest)
        return manifests

    return render


def pod_of(manifests: Manifests) -> dict[str, t.Any]:
    (deployment,) = manifests["Deployment"]
    spec: dict[str, t.Any] = deployment["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("rule", ["enum", "minItems", "maxItems", "minimum", "exclusiveMinimum", "maximum"])
@pytest.mark.parametrize("name", SPECIFICATION_SCHEMA["properties"])
def test_the_chart_bounds_a_specification_as_the_envelope_does(name: str, rule: str) -> None:
    words = name.split("_")
    chart = SCHEMA["definitions"]["bot"]["properties"][words[0] + "".join(map(str.capitalize, words[1:]))]
    assert chart.get(rule) == SPECIFICATION_SCHEMA["properties"][name].get(rule)


def test_every_manifest_is_valid_for_kubernetes(render):
    for manifests in render().values():
        for manifest in manifests:
            assert fault(manifest) is None


def test_no_manifest_names_a_namespace(render):
    assert all("namespace" not in item["metadata"] for items in render().values() for item in items)


def test_a_stopped_bot_keeps_everything_but_its_pod(render):
    running, stopped = render(), render(replicas=0)
    assert {kind: len(items) for kind, items in running.items()} == {
        kind: len(items) for kind, items in stopped.items()
    }
    assert stopped["Deployment"][0]["spec"]["replicas"] == 0


def test_a_registered_client_without_a_bot_renders(tmp_path):
    done = helm(tmp_path, {"replicas": 0, "platform": {"client": 1, "sequence": 0}})
    assert done.returncode == 0, done.stderr


def test_two_bots_never_run_at_once(render):
    spec = render()["Deployment"][0]["spec"]
    assert (spec["strategy"], spec["replicas"]) == ({"type": "Recreate"}, 1)


def test_the_pod_is_restricted(render):
    pod = pod_of(render())
    assert_restricted(pod)
    assert pod["automountServiceAccountToken"] is False
    assert {tuple(volume.keys() - {"name"}) for volume in pod["volumes"]} == {("configMap",), ("emptyDir",)}


def test_the_service_account_has_no_token(render):
    (account,) = render()["ServiceAccount"]
    assert account["automountServiceAccountToken"] is False


SECRET_NAMES = {
    "DATABASE_URL": ("cliente-001-database", "DATABASE_URL"),
    "FREQTRADE__API_SERVER__USERNAME": ("cliente-001-api", "username"),
    "FREQTRADE__API_SERVER__PASSWORD": ("cliente-001-api", "password"),
    "FREQTRADE__API_SERVER__JWT_SECRET_KEY": ("cliente-001-api", "jwt_secret_key"),
    "FREQTRADE__API_SERVER__WS_TOKEN": ("cliente-001-api", "ws_token"),
}
EXCHANGE_NAMES = {
    "BINANCE_API_KEY": ("cliente-001-exchange-7", "BINANCE_API_KEY"),
    "BINANCE_SECRET_KEY": ("cliente-001-exchange-7", "BINANCE_SECRET_KEY"),
}


def environment(manifests: Manifests) -> dict[str, dict[str, t.Any]]:
    (container,) = pod_of(manifests)["containers"]
    return {entry["name"]: entry for entry in container["env"]}


def references(entries: dict[str, dict[str, t.Any]]) -> dict[str, tuple[str, str]]:
    found = {name: entry.get("valueFrom", {}).get("secretKeyRef") for name, entry in entries.items()}
    return {name: (key["name"], key["key"]) for name, key in found.items() if key}


def test_secrets_come_from_the_secrets_that_the_values_name(render):
    entries = environment(render(secrets={**SECRETS, "exchange": "cliente-001-exchange-7"}))
    assert references(entries) == SECRET_NAMES | EXCHANGE_NAMES
    assert entries["FREQTRADE__EXCHANGE__KEY"]["value"] == "$(BINANCE_API_KEY)"
    assert entries["FREQTRADE__EXCHANGE__SECRET"]["value"] == "$(BINANCE_SECRET_KEY)"


def test_a_dry_run_without_exchange_keys_references_none(render):
    entries = environment(render())
    assert references(entries) == SECRET_NAMES
    assert not any("EXCHANGE" in name or "BINANCE" in name for name in entries)


def test_the_seed_names_reach_freqtrade(render):
    entries = environment(render())
    assert entries["FREQTRADE_STRATEGY"]["value"] == EXAMPLE["bot"]["strategy"]
    assert entries["FREQTRADE__STRATEGY"]["value"] == "$(FREQTRADE_STRATEGY)"
    assert entries["FREQTRADE_SCHEMA"]["value"] == "cliente_001"
    assert entries["FREQTRADE__DB_URL"]["value"].startswith("$(DATABASE_URL)&plugin=bot_preping")
    assert entries["POD_FREQTRADE_TRADE"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_a_referenced_variable_is_defined_before_it_is_used(render):
    names: list[str] = []
    for name, entry in environment(render(secrets={**SECRETS, "exchange": "cliente-001-exchange-7"})).items():
        used = [part.partition(")")[0] for part in entry.get("value", "").split("$(")[1:]]
        assert set(used) <= set(names)
        names.append(name)


def test_only_what_the_bot_sees_starts_it_again(render):
    before = render()["Deployment"][0]
    fence = {
        **EXAMPLE["platform"],
        "sequence": 4,
        "attempt": 2,
        "decided": "rolledBack",
        "reason": "superseded",
    }
    assert render(platform=fence)["Deployment"][0] == before
    changed = render(bot={**EXAMPLE["bot"], "pairs": ["SOL/USDT"]})["Deployment"][0]
    assert changed["spec"]["template"] != before["spec"]["template"]


def test_the_configuration_holds_the_specification(render):
    config = json.loads(render()["ConfigMap"][0]["data"]["config.json"])
    assert config == {
        "strategy": "SampleTrend",
        "timeframe": "5m",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 2,
        "dry_run": True,
        "dry_run_wallet": 1000,
        "exchange": {"name": "binance", "pair_whitelist": ["BTC/USDT", "ETH/USDT"], "ccxt_config": {}},
    }


def test_nothing_enters_but_the_namespace_and_little_leaves(render):
    closed, opened = sorted(render()["NetworkPolicy"], key=lambda policy: len(policy["spec"]))
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert opened["spec"]["ingress"] == [
        {"from": [{"podSelector": {}}], "ports": [{"port": "api", "protocol": "TCP"}]}
    ]
    blocks = [
        (rule["to"][0]["ipBlock"], rule["ports"])
        for rule in opened["spec"]["egress"]
        if "ipBlock" in rule["to"][0]
    ]
    everywhere = [(block, ports) for block, ports in blocks if block["cidr"] == "0.0.0.0/0"]
    ((block, ports),) = everywhere
    assert ports == [{"port": 443, "protocol": "TCP"}]
    assert "169.254.0.0/16" in block["except"]
    assert [(block["cidr"], ports[0]["port"]) for block, ports in blocks if block["cidr"] != "0.0.0.0/0"] == [
        (ENVIRONMENT["networkPolicy"]["database"]["cidr"], 5432)
    ]


def changed(path: str, value: t.Any) -> dict[str, t.Any]:
    """The example with one value of its own; the path has dots."""
    values = copy.deepcopy(EXAMPLE)
    part = values
    *parents, last = path.split(".")
    for name in parents:
        part = part.setdefault(name, {})
    part[last] = value
    return values


REFUSED = [
    ("namespace", "kube-system"),
    ("privileged", True),
    ("securityContext", {"privileged": True}),
    ("bot.extra", 1),
    ("bot.strategy", "../../etc/passwd"),
    ("bot.strategy", "A\n  privileged: true"),
    ("bot.pairs", []),
    ("bot.pairs", ["BTC/USDT", "BTC/USDT"]),
    ("bot.pairs", ["BTC/USDT:USDT"]),
    ("bot.stakeAmount", 0),
    ("bot.stakeAmount", "unlimited"),
    ("bot.maxOpenTrades", 0),
    ("bot.timeframe", "7m"),
    ("bot.dryRun", "false"),
    ("replicas", 2),
    ("secrets.password", "a"),
    ("secrets.database", "Not A Name"),
    ("exchange.ccxtConfig", {"urls": {"api": {"public": "https://elsewhere.example"}}}),
    ("exchange.ccxtConfig", [{"apiKey": "a"}]),
    ("exchange.ccxtConfig", [{"urls": {"api": {"public": "file:///etc/passwd"}}}]),
    ("platform.namespace", "kube-system"),
    ("platform.reason", "A free text"),
    ("networkPolicy.httpsExcept", []),
]


@pytest.mark.parametrize(("path", "value"), REFUSED)
def test_the_schema_refuses(path, value):
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    assert validator.is_valid(EXAMPLE)
    assert not validator.is_valid(changed(path, value))


@pytest.mark.parametrize(("path", "value"), [("namespace", "kube-system"), ("bot.pairs", [])])
def test_helm_refuses_what_the_schema_refuses(tmp_path, path, value):
    done = helm(tmp_path, changed(path, value))
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


def test_live_trading_needs_exchange_keys(tmp_path):
    live = changed("bot.dryRun", False)
    assert helm(tmp_path, live).returncode != 0
    live["secrets"]["exchange"] = "cliente-001-exchange-7"
    assert helm(tmp_path, live).returncode == 0


@pytest.mark.parametrize("name", EXAMPLE["bot"])
def test_a_running_bot_needs_its_whole_specification(name):
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    values = copy.deepcopy(EXAMPLE)
    del values["bot"][name]
    assert not validator.is_valid(values)


def objects(schema: t.Any, path: str = "") -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield path, schema
        for name, part in schema.items():
            yield from objects(part, f"{path}/{name}")


def test_no_object_of_the_schema_takes_unknown_keys():
    open_objects = {
        path for path, schema in objects(SCHEMA) if schema.get("additionalProperties") is not False
    }
    exchange = "/properties/exchange/properties/ccxtConfig/items"
    assert open_objects == {f"{exchange}/properties/urls/properties/api"}, (
        "the names of ccxt's hosts are ccxt's"
    )


def test_every_default_of_the_chart_is_in_the_schema():
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert defaults.keys() == SCHEMA["properties"].keys() - {"global"}
    jsonschema.validators.validator_for(SCHEMA)(SCHEMA).validate(defaults)


HOSTILE: dict[str, t.Any] = {
    "image": {
        "repository": "elsewhere.example/bot",
        "tag": "evil",
        "digest": f"sha256:{0:064}",
        "pullPolicy": "Always",
    },
    "externalSecrets": {
        "enabled": True,
        "region": "us-east-1",
        "prefix": "elsewhere/",
        "refreshInterval": "1m",
    },
    "playbooks": {"subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": CLIENT}]},
    "exchange": {"ccxtConfig": [{"urls": {"api": {"private": "https://elsewhere.example"}}}]},
    "networkPolicy": {
        "httpsExcept": ["169.254.0.0/16"],
        "database": {"cidr": "0.0.0.0/0", "port": 1},
        "egress": [{"cidr": "169.254.169.254/32", "port": 80}],
    },
    "resources": {
        "requests": {"cpu": "1m", "memory": "1Mi"},
        "limits": {"cpu": "64", "memory": "512Gi"},
    },
    "quota": {"pods": 50, "cpu": "64", "memory": "512Gi"},
    "probe": {"periodSeconds": 60, "startupSeconds": 3600, "stuckSeconds": 3600},
}
"""Values of the environment's part that the schema accepts."""


def test_what_a_clients_file_says_of_the_environment_reaches_no_manifest(render):
    assert render(**HOSTILE) == render()


def leaves(values: t.Any, path: str = "") -> t.Iterator[str]:
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from leaves(value, f"{path}.{name}")
    else:
        yield path


def test_the_environment_leaves_nothing_of_its_part_to_a_clients_file():
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    for name in ("replicas", "bot", "secrets", "platform"):
        del defaults[name]
    assert set(leaves(defaults)) == set(leaves(ENVIRONMENT)) == set(leaves(HOSTILE))


@pytest.mark.parametrize("name", ["null", "true", "Yes"])
def test_a_strategy_with_a_name_of_yaml_stays_text(render, name):
    entries = environment(render(bot={**EXAMPLE["bot"], "strategy": name}))
    assert entries["FREQTRADE_STRATEGY"]["value"] == name
