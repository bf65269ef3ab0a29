# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chart of the listener renders, and what it refuses."""

from __future__ import annotations

import copy
import itertools
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.tests.support.manifests import fault
from ansible_collections.bot_freqtrade.platform.tests.support.pods import assert_restricted, containers

CHARTS = Path(__file__).parents[4] / "infra" / "charts"
CHART = CHARTS / "listener"
ROLES = ("watch", "dispatch", "send", "api", "monitor")
ASKS_KUBERNETES = {"dispatch", "api", "monitor"}
VALUES: dict[str, t.Any] = yaml.safe_load((CHART / "ci" / "values.yaml").read_text())

Manifests = dict[str, dict[str, dict[str, t.Any]]]


def helm(folder: Path, values: dict[str, t.Any]) -> subprocess.CompletedProcess[str]:
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    command = ["helm", "template", "listener", CHART, "--namespace", "platform", "--values", file]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def changed(path: str, value: t.Any) -> dict[str, t.Any]:
    """The values of the example with another one at a dotted path."""
    values = copy.deepcopy(VALUES)
    *parents, name = path.split(".")
    place = values
    for parent in parents:
        place = place.setdefault(parent, {})
    place[name] = value
    return values


@pytest.fixture(name="render")
def _render(tmp_path: Path) -> t.Callable[..., Manifests]:
    def render(values: dict[str, t.Any] = VALUES) -> Manifests:
        done = helm(tmp_path, values)
        assert done.returncode == 0, done.stderr
        manifests: Manifests = {}
        for manifest in filter(None, yaml.safe_load_all(done.stdout)):
            manifests.setdefault(manifest["kind"], {})[manifest["metadata"]["name"]] = manifest
        return manifests

    return render


def pods(manifests: Manifests) -> dict[str, dict[str, t.Any]]:
    """The pods of the roles, by these."""
    found = {
        deployment["metadata"]["labels"]["app.kubernetes.io/component"]: deployment["spec"]["template"][
            "spec"
        ]
        for deployment in manifests["Deployment"].values()
    }
    assert set(found) == set(ROLES)
    return found


def environment(container: dict[str, t.Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container.get("env", [])}


def test_every_manifest_is_valid_for_kubernetes(render):
    for manifest in itertools.chain.from_iterable(each.values() for each in render().values()):
        assert fault(manifest) is None


def test_every_pod_is_restricted(render):
    for pod in pods(render()).values():
        assert_restricted(pod)
        context = pod["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"]) == (10001, 10001)


def test_secrets_lie_in_memory_and_runs_too(render):
    for role, pod in pods(render()).items():
        (run,) = (volume["emptyDir"] for volume in pod["volumes"] if volume["name"] == "run")
        assert run["medium"] == "Memory", role
    dispatch = pods(render())["dispatch"]["containers"][0]
    assert environment(dispatch)["PLATFORM_RUN_DIRECTORY"].startswith("/run/platform/")


FILES = {
    "watch": {"listener.pgpass"},
    "dispatch": {"listener.pgpass", "admin.pgpass", "git.key"},
    "send": {"listener.pgpass", "operator.key"},
    "api": {"listener.pgpass"},
    "monitor": {"reader.pgpass"},
}


@pytest.mark.parametrize("rpc", ["https://rpc.example.org", ""])
def test_each_role_gets_its_own_secrets_only(render, rpc):
    more = set() if rpc else {"rpc-url"}
    for role, pod in pods(render(changed("chain.rpcUrl", rpc))).items():
        secrets = {
            volume["secret"]["secretName"]: volume["secret"]
            for volume in pod["volumes"]
            if "secret" in volume
        }
        assert {item["key"] for item in secrets["listener"]["items"]} == FILES[role] | more
        assert ("listener-keys" in secrets) == (role == "dispatch")
        assert {each.get("defaultMode") for each in secrets.values()} == {0o440}


def test_the_containers_that_work_see_no_mounted_secret(render):
    for pod in pods(render()).values():
        seen = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
        assert not seen & {"secrets", "keys"}


def test_a_repository_without_ssh_needs_no_key(render):
    manifests = render(changed("variables.platform_gitops_repository", "https://git.example.org/gitops.git"))
    secrets = [volume["secret"] for volume in pods(manifests)["dispatch"]["volumes"] if "secret" in volume]
    assert "git.key" not in {item["key"] for each in secrets for item in each.get("items", [])}
    assert "ssh_key" not in manifests["ConfigMap"]["listener"]["data"]["vars.yml"]


@pytest.mark.parametrize(
    ("repository", "port"),
    [
        ("ssh://git@git.example.org:2222/gitops.git", 2222),
        ("ssh://git@git.example.org/gitops.git", 22),
        ("git@git.example.org:gitops.git", 22),
        ("https://git.example.org/gitops.git", None),
    ],
)
def test_pods_reach_the_repository_and_no_other_port(render, repository, port):
    (policy,) = render(changed("variables.platform_gitops_repository", repository))["NetworkPolicy"].values()
    ports = {each["port"] for rule in policy["spec"]["egress"] for each in rule["ports"]}
    assert ports == {53, 443, 80, 5432} | ({port} if port else set())


def test_no_pod_reaches_the_metadata_of_its_node(render):
    (policy,) = render()["NetworkPolicy"].values()
    blocks = [to["ipBlock"] for rule in policy["spec"]["egress"] for to in rule["to"] if "ipBlock" in to]
    assert all(each["except"] == ["169.254.0.0/16"] for each in blocks if each["cidr"] == "0.0.0.0/0")


def test_runs_are_told_what_the_operator_says_and_where_their_secrets_are(render):
    told = yaml.safe_load(render()["ConfigMap"]["listener"]["data"]["vars.yml"])
    given = VALUES["variables"]
    assert told["platform_database"] == {
        **given["platform_database"],
        "passfile": "/run/platform/secrets/admin.pgpass",
    }
    assert told["platform_key_directory"] == "/run/platform/keys"
    assert told["platform_gitops_ssh_key_file"] == "/run/platform/secrets/git.key"
    assert "platform_kubeconfig" not in told
    assert {name: told[name] for name in given if name != "platform_database"} == {
        name: value for name, value in given.items() if name != "platform_database"
    }


def test_urls_of_databases_name_a_password_file_and_no_password(render):
    data = render()["ConfigMap"]["listener"]["data"]
    place = "db.example.org:5432"
    assert data["database-url"] == (
        f"postgresql://platform_listener@{place}/platform?sslmode=require"
        "&passfile=/run/platform/secrets/listener.pgpass"
    )
    assert data["figures-url"] == (
        f"postgresql://platform_metrics@{place}/freqtrade_multi?sslmode=require"
        "&passfile=/run/platform/secrets/reader.pgpass"
    )


def test_only_those_that_ask_kubernetes_have_a_token(render):
    for role, pod in pods(render()).items():
        assert pod["automountServiceAccountToken"] is (role in ASKS_KUBERNETES)


def test_runs_have_the_account_that_aws_and_the_projects_know(render):
    manifests = render()
    account = pods(manifests)["dispatch"]["serviceAccountName"]
    assert account == "listener"
    assert {pod["serviceAccountName"] for pod in pods(manifests).values()} == set(manifests["ServiceAccount"])


def test_no_role_of_the_chart_reads_a_secret(render):
    manifests = render()
    rules = [
        rule
        for kind in ("ClusterRole", "Role")
        for each in manifests[kind].values()
        for rule in each["rules"]
    ]
    resources = {
        (resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]
    }
    assert resources == {
        ("namespaces", "get"),
        ("deployments", "get"),
        ("deployments", "list"),
        ("applications", "get"),
        ("applications", "patch"),
        ("applicationsets", "get"),
        ("applicationsets", "patch"),
    }
    assert manifests["Role"]["platform-listener-dispatch"]["metadata"]["namespace"] == "argocd"


def test_monitoring_finds_the_services(render):
    targets = yaml.safe_load((CHARTS / "monitoring" / "values.yaml").read_text())["targets"]
    services = render()["Service"]
    for role in ("api", "monitor"):
        labels = services[f"listener-{role}"]["metadata"]["labels"]
        assert targets[role]["matchLabels"].items() <= labels.items()
        assert targets[role]["namespace"] == "platform"
        assert [port["name"] for port in services[f"listener-{role}"]["spec"]["ports"]] == [
            targets[role]["port"]
        ]


def test_services_lead_to_their_role(render):
    manifests = render()
    for role in ("api", "monitor"):
        selector = manifests["Service"][f"listener-{role}"]["spec"]["selector"]
        labels = manifests["Deployment"][f"listener-{role}"]["spec"]["template"]["metadata"]["labels"]
        assert selector.items() <= labels.items()
        assert selector["app.kubernetes.io/component"] == role


def test_new_secrets_start_new_pods(render):
    def templates(version: str) -> list[t.Any]:
        found = render(changed("secrets.version", version))["Deployment"]
        return [each["spec"]["template"] for each in found.values()]

    assert templates("1") == templates("1")
    assert all(old != new for old, new in zip(templates("1"), templates("2"), strict=True))


def test_new_variables_start_new_pods(render):
    before, after = render(), render(changed("variables.platform_sync_timeout", 77))
    for name, deployment in before["Deployment"].items():
        assert deployment["spec"]["template"] != after["Deployment"][name]["spec"]["template"]


def test_a_role_of_which_several_run_loses_one_at_a_time(render):
    budgets = render()["PodDisruptionBudget"]
    assert set(budgets) == {"listener-dispatch", "listener-api"}
    assert {each["spec"]["maxUnavailable"] for each in budgets.values()} == {1}


def test_an_image_is_named_by_its_digest(render):
    digest = "sha256:" + 64 * "a"
    for pod in pods(render(changed("image.digest", digest))).values():
        assert {each["image"] for each in containers(pod)} == {
            f"registry.example.org/freqtrade-listener@{digest}"
        }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("unknown", 1),
        ("chain.id", 0),
        ("chain.contract", "0x12"),
        ("chain.rpcUrl", "https://user:password@rpc.example.org"),
        ("chain.confirmations", "latest"),
        ("image.digest", "sha256:12"),
        ("image.tag", ""),
        ("variables.platform_kubeconfig", "/root/.kube/config"),
        ("variables.platform_key_directory", "/keys"),
        ("variables.anything", "else"),
        ("variables.platform_database.passfile", "/pgpass"),
        ("variables.platform_database.password", "canary"),
        ("variables.platform_gitops_repository", "file:///srv/gitops.git"),
        ("variables.platform_gitops_repository", "https://user:password@git.example.org/gitops.git"),
        ("environment.AWS_SECRET_ACCESS_KEY", "canary"),
        ("environment.lower", "case"),
        ("roles.dispatch.replicas", -1),
        ("roles.extra", {}),
        ("networkPolicy.egress", [{"cidr": "everywhere", "port": 1}]),
    ],
)
def test_values_that_cannot_be_are_refused(tmp_path, path, value):
    done = helm(tmp_path, changed(path, value))
    assert done.returncode == 1
    assert "values don't meet the specifications of the schema" in done.stderr


def test_the_chart_refuses_to_be_installed_without_values(tmp_path):
    assert helm(tmp_path, {}).returncode == 1
