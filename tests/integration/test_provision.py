# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The playbooks provision and destroy, on a real Kubernetes API and PostgreSQL, and a stand-in of AWS.

What Terraform makes here is a bucket and the name of a cluster: the real configuration has tests of its own.
AWS's stand-in has no Kubernetes API behind its clusters, so the tests name another; addons are stand-ins too.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import shutil
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.tests.support import addon_charts
from ansible_collections.bot_freqtrade.platform.tests.support.aws import ACCOUNT, REGION, Aws, stand_in
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import INFRA, Origin
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import (
    SUPERUSER,
    SUPERUSER_PASSWORD,
    Server,
)
from ansible_collections.bot_freqtrade.platform.tests.support.processes import find_binary
from ansible_collections.bot_freqtrade.platform.tests.support.writers import SPECIFICATION
from moto.eks.models import eks_backends

ROLES = Path(__file__).parents[2] / "roles"
CONFIGURATION = Path(__file__).parent / "targets" / "role_infrastructure" / "files" / "terraform"
OUTPUTS = """
variable "outputs" {
  type = any
}
output "region" {
  value = var.region
}
output "cluster_name" {
  value = var.name
}
"""
FURTHER_OUTPUTS = (
    "database_host",
    "database_port",
    "database_name",
    "database_subnet_cidrs",
    "database_master_username",
    "database_master_secret_arn",
    "database_last_snapshot",
    "database_key_arn",
    "bot_log_group",
    "secrets_prefix",
    "image_repository_url",
)
SLOW = """
resource "terraform_data" "slow" {
  input = terraform_data.cluster.id
  provisioner "local-exec" {
    command = "touch 'DOOR.reached'; while [ -e 'DOOR.shut' ]; do sleep 0.1; done"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "touch 'DOOR.reached'; while [ -e 'DOOR.shut' ]; do sleep 0.1; done; [ ! -e 'DOOR.stuck' ]"
  }
}
resource "terraform_data" "access" {
  input = terraform_data.slow.id
}
"""
"""Access goes first, then the slow one, which is made and deleted behind a door that may be shut or stuck."""
PLACEHOLDER = "https://git.example.invalid/bot-freqtrade/gitops.git"


class Operator:
    """Somebody with a folder of their own, who runs the playbooks."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = {
            **os.environ,
            **environment,
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "TF_CLI_CONFIG_FILE": "/dev/null",
            "NO_COLOR": "1",
        }
        self._environment.pop("KUBECONFIG", None)

    def start(self, playbook: str, **variables: t.Any) -> subprocess.Popen[bytes]:
        """Run a playbook on a host of its own: when this process is killed, all that runs on it goes."""
        host = ["bwrap", "--dev-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "--die-with-parent"]
        command = [*host, *self._command(playbook, variables)]
        return subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL)

    def play(self, playbook: str, *arguments: str, **variables: t.Any) -> str:
        """Run a playbook to its good end and return its output."""
        done = self.try_to_play(playbook, *arguments, **variables)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def try_to_play(
        self, playbook: str, *arguments: str, **variables: t.Any
    ) -> subprocess.CompletedProcess[str]:
        command = [*self._command(playbook, variables), *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=self._environment)

    @staticmethod
    def _command(playbook: str, variables: dict[str, t.Any]) -> list[str]:
        return ["ansible-playbook", f"bot_freqtrade.platform.{playbook}", "-e", json.dumps(variables)]


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path, {})


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    """A GitOps repository with its own URL in what Argo CD is to follow."""
    made = Origin.create(tmp_path / "gitops")
    text = (
        (INFRA / "argocd-application.yaml").read_text().replace(PLACEHOLDER, "https://git.example.com/x.git")
    )
    made.commit("argocd-application.yaml", text)
    return made


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server, which knows the kinds of Argo CD."""
    kube_api.create_namespace("argocd")
    for kind in ("AppProject", "ApplicationSet"):
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        spec = {
            "group": "argoproj.io",
            "names": {"kind": kind, "plural": f"{kind.lower()}s"},
            "scope": "Namespaced",
            "versions": [version],
        }
        body = {"metadata": {"name": f"{kind.lower()}s.argoproj.io"}, "spec": spec}
        kube_api.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
    return kube_api


def databases(server: Server) -> set[str]:
    with server.superuser() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")
        return {name for (name,) in cursor.fetchall()}


def forget(server: Server) -> None:
    """Remove what an earlier test made."""
    with server.superuser() as cursor:
        for name in databases(server) - {"postgres"}:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        for role in ("platform_metrics", "platform_admin", "platform_listener"):
            cursor.execute(f"DROP ROLE IF EXISTS {role}")


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "infrastructure_region says where to build"),
        ({"provision_infrastructure": False}, "needs the kubeconfig of a cluster"),
        (
            {"provision_infrastructure": False, "platform_kubeconfig": "/nowhere"},
            "needs the kubeconfig of a cluster",
        ),
        (
            {"provision_infrastructure": False, "platform_kubeconfig": "/etc/hostname"},
            "needs platform_database and database_login",
        ),
        ({"infrastructure_region": "eu-central-1"}, "platform_gitops_repository names the repository"),
        (
            {"infrastructure_region": "eu-central-1", "provision_steps": ["adons"]},
            "provision_steps names adons",
        ),
        (
            {"infrastructure_region": "eu-central-1", "provision_steps": ["listener"]},
            "The step listener needs listener_chain, listener_image_digest, listener_operator_key_file, "
            "platform_key_directory, as",
        ),
        (
            {
                "provision_infrastructure": False,
                "platform_kubeconfig": "/etc/hostname",
                "provision_steps": ["listener"],
                "listener_chain": {"id": 1, "contract": "0x12"},
                "listener_image_tag": "1",
                "listener_operator_key_file": "/etc/hostname",
                "platform_key_directory": "/etc",
            },
            "The step listener needs listener_image_repository, platform_database, "
            "platform_database_pod_host, database_listener, database_reader, as",
        ),
    ],
)
def test_a_run_that_cannot_end_well_does_not_begin(
    operator: Operator, variables: dict[str, t.Any], why: str
) -> None:
    done = operator.try_to_play("provision", **variables)
    assert done.returncode == 2
    assert why in re.sub(r"\s+", " ", done.stdout)
    assert "Nothing was touched" in re.sub(r"\s+", " ", done.stdout)
    assert "terraform" not in done.stdout


def test_a_cluster_that_there_is_gets_databases_and_follows_the_repository(
    operator: Operator, origin: Origin, cluster: KubeApi, postgres_15: Server
) -> None:
    forget(postgres_15)
    passfile = postgres_15.write_passfile(operator.folder / "pgpass", SUPERUSER, SUPERUSER_PASSWORD)
    variables = {
        "provision_infrastructure": False,
        "provision_steps": ["database", "gitops"],
        "platform_kubeconfig": str(cluster.kubeconfig),
        "platform_gitops_repository": origin.url,
        "platform_database": {
            "host": postgres_15.host,
            "port": postgres_15.port,
            "user": "platform_admin",
            "passfile": str(operator.folder / "pgpass-admin"),
        },
        "database_login": {"user": SUPERUSER, "passfile": str(passfile), "database": "postgres"},
        "database_listener": {
            "name": "platform",
            "user": "platform_listener",
            "passfile": str(operator.folder / "pgpass-listener"),
        },
    }
    operator.play("provision", "--check", **variables)
    assert databases(postgres_15) == {"postgres"}

    operator.play("provision", **variables)
    assert databases(postgres_15) == {"postgres", "freqtrade_multi", "platform"}
    objects = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets/clientes"
    assert cluster.request("GET", objects)["spec"]["goTemplate"] is True
    written = yaml.safe_load((operator.folder / ".config/bot_freqtrade/bot-freqtrade/vars.yml").read_text())
    assert written == {name: value for name, value in variables.items() if name.startswith("platform_")}

    assert "changed=0" in operator.play("provision", **variables)


def test_the_listener_gets_the_passwords_that_the_databases_were_made_with(
    operator: Operator, cluster: KubeApi, postgres_15: Server
) -> None:
    forget(postgres_15)
    passfile = postgres_15.write_passfile(operator.folder / "pgpass", SUPERUSER, SUPERUSER_PASSWORD)
    keys = operator.folder / "keys"
    keys.mkdir()
    for path in (operator.folder / "operator.key", keys / "1a2b3c4d.key"):
        path.touch(mode=0o600)
        path.write_text("canary")
    variables = {
        "provision_infrastructure": False,
        "provision_steps": ["database", "listener"],
        "platform_kubeconfig": str(cluster.kubeconfig),
        "platform_gitops_repository": "https://git.example.com/x.git",
        "platform_key_directory": str(keys),
        "platform_database": {
            "host": postgres_15.host,
            "port": postgres_15.port,
            "user": "platform_admin",
            "passfile": str(operator.folder / "pgpass-admin"),
            "reader": "platform_metrics",
        },
        "platform_database_pod_host": "db.example.com",
        "database_login": {"user": SUPERUSER, "passfile": str(passfile), "database": "postgres"},
        "database_listener": {
            "name": "platform",
            "user": "platform_listener",
            "passfile": str(operator.folder / "pgpass-listener"),
        },
        "database_reader": {"passfile": str(operator.folder / "pgpass-reader")},
        "listener_operator_key_file": str(operator.folder / "operator.key"),
        "listener_chain": {"id": 137, "contract": "0x" + 40 * "1", "rpc_url": "https://rpc.example.com"},
        "listener_image_repository": "registry.example.com/freqtrade-listener",
        "listener_image_tag": "1",
        "listener_wait": False,
        "listener_helm": str(find_binary("helm")),
    }
    operator.play("provision", **variables)
    kept = cluster.request("GET", "/api/v1/namespaces/platform/secrets/listener")["data"]
    for name in ("admin", "listener", "reader"):
        text = (operator.folder / f"pgpass-{name}").read_text()
        assert base64.b64decode(kept[f"{name}.pgpass"]).decode() == text
    deployments = cluster.request("GET", "/apis/apps/v1/namespaces/platform/deployments")["items"]
    assert len(deployments) == 5

    again = operator.play("provision", "--diff", **variables)
    assert "changed=0" in again
    assert "canary" not in again


@dataclasses.dataclass(frozen=True)
class Account:
    """An account of AWS in its stand-in, whose platform is called demo, and what provision is told of it."""

    aws: Aws
    operator: Operator
    variables: dict[str, t.Any]

    @property
    def folder(self) -> Path:
        return self.operator.folder / ".config" / "bot_freqtrade" / "demo"

    @property
    def terraform(self) -> Path:
        return Path(self.variables["infrastructure_directory"])

    @property
    def door(self) -> Path:
        return self.operator.folder / "door"

    @property
    def bucket(self) -> str:
        (bucket,) = self.aws.client("s3").list_buckets()["Buckets"]
        name: str = bucket["Name"]
        return name

    def die_at_the_door(self, playbook: str, **variables: t.Any) -> str:
        """Run a playbook on a host that is lost at the door of :data:`SLOW`; return the lock that stays."""
        shut, reached = self.door.with_suffix(".shut"), self.door.with_suffix(".reached")
        reached.unlink(missing_ok=True)
        shut.touch()
        host = self.operator.start(playbook, **variables)
        while not reached.exists():
            assert host.poll() is None
            time.sleep(0.1)
        host.kill()
        host.wait()
        shut.unlink()
        key = "demo/terraform.tfstate.tflock"
        lock: str = json.load(self.aws.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"])["ID"]
        return lock


@pytest.fixture
def account(tmp_path: Path, origin: Origin, postgres_18: Server) -> t.Iterator[Account]:
    forget(postgres_18)
    shutil.copytree(CONFIGURATION, tmp_path / "terraform")
    names = "".join(f'output "{name}" {{\n  value = var.outputs["{name}"]\n}}\n' for name in FURTHER_OUTPUTS)
    (tmp_path / "terraform" / "outputs.tf").write_text(OUTPUTS + names)
    with stand_in() as aws:
        operator = Operator(tmp_path, {**aws.environment, "AWS_DEFAULT_REGION": "eu-central-1"})
        variables = {
            "infrastructure_name": "demo",
            "infrastructure_region": "eu-central-1",
            "infrastructure_directory": str(tmp_path / "terraform"),
            "infrastructure_backend_config": {"use_path_style": True},
            "infrastructure_variables": {"outputs": outputs(aws, postgres_18)},
            "provision_steps": ["database"],
            "provision_database": {"sslmode": "disable"},
            "platform_gitops_repository": origin.url,
        }
        yield Account(aws, operator, variables)


def test_infrastructure_is_made_reached_and_taken_back(account: Account, postgres_18: Server) -> None:
    operator, variables = account.operator, account.variables
    (account.terraform / "slow.tf").write_text(SLOW.replace("DOOR", str(account.door)))
    foreseen = operator.play("provision", "--check", **variables)
    assert "terraform_data.cluster: to be created" in foreseen
    assert "platform" not in databases(postgres_18)
    assert not account.folder.exists()

    lock = account.die_at_the_door("provision", **variables)
    account.aws.client("s3").put_object(
        Bucket=account.bucket, Key="demo/bucket.tfstate.tflock", Body=json.dumps({"ID": lock}).encode()
    )
    operator.play("provision", **variables, infrastructure_unlock=lock)
    kubeconfig = yaml.safe_load((account.folder / "kubeconfig").read_text())
    assert kubeconfig["current-context"] == "demo"
    names = ("kubeconfig", "pgpass-admin", "pgpass-listener", "pgpass-metrics", "tenants.yml", "vars.yml")
    assert {path.name: path.stat().st_mode & 0o777 for path in account.folder.iterdir()} == dict.fromkeys(
        names, 0o600
    )
    assert account.folder.stat().st_mode & 0o777 == 0o700
    assert databases(postgres_18) == {"postgres", "freqtrade_multi", "platform"}
    assert "changed=0" in operator.play("provision", **variables)

    meant = {**variables, "confirm": "demo", "with_state": True}
    lock = account.die_at_the_door("destroy", **meant, with_load_balancers=True)
    stuck = account.door.with_suffix(".stuck")
    stuck.touch()
    half = operator.try_to_play("destroy", **meant, with_load_balancers=True, infrastructure_unlock=lock)
    assert half.returncode == 2
    assert '"done": ["terraform_data.access"]' in half.stdout
    stuck.unlink()
    assert "changed=1 " in operator.play("provision", **{**variables, "provision_steps": []})

    eks_backends[ACCOUNT][REGION].clusters["demo"].status = "DELETING"
    told = operator.play("destroy", **meant)
    assert "last snapshot of the database, demo-20261130110000" in told
    assert "--key-id arn:aws:kms:eu-central-1:123456789012:key/of-the-database" in told
    assert {path.name for path in account.folder.iterdir()} == {*names} - {"kubeconfig", "vars.yml"}
    assert account.aws.client("s3").list_buckets()["Buckets"] == []


def test_a_run_that_aws_has_nothing_ready_for_ends_and_the_next_goes_on(
    account: Account, postgres_18: Server
) -> None:
    operator, variables = account.operator, account.variables
    outputs = {**variables["infrastructure_variables"]["outputs"], "database_host": None}
    early = operator.try_to_play(
        "provision", **{**variables, "infrastructure_variables": {"outputs": outputs}}
    )
    assert early.returncode == 2
    assert "AWS is still making the cluster or the database. Run this again" in early.stdout
    assert "platform" not in databases(postgres_18)
    assert not account.folder.exists()
    operator.play("provision", **variables)
    assert "platform" in databases(postgres_18)


def test_what_terraform_knows_reaches_the_addons_and_later_runs(
    account: Account, cluster: KubeApi, origin: Origin, tmp_path: Path
) -> None:
    operator = account.operator
    charts = {
        name: str(addon_charts.stand_in(name, tmp_path)) for name in ("fluent-bit", "platform-monitoring")
    }
    variables = {
        **account.variables,
        "provision_steps": ["database", "addons", "gitops"],
        "provision_runbooks": "https://docs.example.com/runbooks",
        "provision_clients": [7],
        "platform_kubeconfig": str(cluster.kubeconfig),
        "cluster_addons_only": list(charts),
        "cluster_addons_charts": charts,
        "cluster_addons_values": {"fluent-bit": {"logs": {"cloudwatch": {"region": "eu-west-1"}}}},
        "cluster_addons_wait": False,
        "platform_health_timeout": 90,
    }
    told = operator.play("provision", **variables)
    shipper = helm_values(cluster, "fluent-bit", "logging")["logs"]
    assert shipper["cloudwatch"] == {"group": "/demo/bots", "region": "eu-west-1"}
    assert shipper["to"] == "cloudwatch"
    alerts = helm_values(cluster, "platform-monitoring", "monitoring")
    assert alerts["runbooks"] == "https://docs.example.com/runbooks"
    environment = ("registry.example.com/freqtrade", "demo_secrets/", "10.0.36.0/22", "10.0.40.0/22")
    assert [text for text in environment if text not in told] == []

    file = account.folder / "vars.yml"
    written = yaml.safe_load(file.read_text())
    database = account.variables["infrastructure_variables"]["outputs"]
    assert written == {
        "platform_gitops_repository": origin.url,
        "platform_kubeconfig": str(cluster.kubeconfig),
        "platform_secret_backend": "aws",
        "platform_aws_region": "eu-central-1",
        "platform_aws_prefix": "demo_secrets/",
        "platform_database": {
            "host": database["database_host"],
            "port": database["database_port"],
            "name": "freqtrade_multi",
            "user": "platform_admin",
            "passfile": str(account.folder / "pgpass-admin"),
            "sslmode": "disable",
            "reader": "platform_metrics",
        },
        "platform_database_pod_host": database["database_host"],
        "platform_database_pod_port": database["database_port"],
        "platform_health_timeout": 90,
    }
    foreseen = operator.play("provision", "--check", "--diff", **{**variables, "platform_health_timeout": 91})
    assert "+platform_health_timeout: 91" in foreseen
    assert "changed=1 " in foreseen
    assert yaml.safe_load(file.read_text()) == written

    started = operator.play(
        "trade_start",
        *("--check", "--limit", "cliente-007", "-i", str(account.folder / "tenants.yml"), "-e", f"@{file}"),
        bot_specification=SPECIFICATION,
    )
    for task in ("Fill the client's secrets", "Create the client's schema and role"):
        assert re.search(rf"{task}\] \*+\n(--- .*\n|[ +-].*\n)*changed: \[cliente-007\]", started), started
    assert origin.log("%H", "clientes") == []


def test_what_is_kept_for_later_runs_is_what_their_roles_may_be_told() -> None:
    play = yaml.safe_load((ROLES.parent / "playbooks" / "provision.yml").read_text())[0]
    pattern = re.compile("".join(re.findall(r"'([^']*)'", play["vars"]["provision_names"])[1:]))
    options = {
        name
        for role in ("tenant", "bot")
        for spec in yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text())[
            "argument_specs"
        ].values()
        for name in spec["options"]
    }
    of_one_run = {"platform_client", "platform_command", "bot_specification", "bot_exchange_secret"}
    assert {name for name in options if not pattern.fullmatch(name)} == of_one_run


def helm_values(cluster: KubeApi, release: str, namespace: str) -> dict[str, t.Any]:
    """Return what a release was given."""
    command = [find_binary("helm"), "--kubeconfig", cluster.kubeconfig, "get", "values", release]
    done = subprocess.run(
        [*command, "--namespace", namespace, "-o", "json"], check=True, capture_output=True, text=True
    )
    values: dict[str, t.Any] = json.loads(done.stdout)
    return values


def outputs(aws: Aws, server: Server) -> dict[str, t.Any]:
    """Make what the variables and outputs of this test's configuration speak of; return the outputs."""
    network = {
        "subnetIds": [each["SubnetId"] for each in aws.client("ec2").describe_subnets()["Subnets"]][:2]
    }
    role = "arn:aws:iam::123456789012:role/cluster"
    aws.client("eks").create_cluster(name="demo", roleArn=role, resourcesVpcConfig=network)
    password = "master-of-a-throw-away-server"
    with server.superuser() as cursor:
        cursor.execute("DROP ROLE IF EXISTS master")
        cursor.execute(f"CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD '{password}'")
        cursor.execute("CREATE DATABASE freqtrade_multi OWNER master")
    secret = json.dumps({"username": "master", "password": password})
    made = aws.client("secretsmanager").create_secret(Name="rds!db-demo", SecretString=secret)
    return {
        "database_host": server.host,
        "database_port": server.port,
        "database_name": "freqtrade_multi",
        "database_subnet_cidrs": ["10.0.36.0/22", "10.0.40.0/22"],
        "database_master_username": "master",
        "database_master_secret_arn": made["ARN"],
        "database_last_snapshot": "demo-20261130110000",
        "database_key_arn": "arn:aws:kms:eu-central-1:123456789012:key/of-the-database",
        "bot_log_group": "/demo/bots",
        "secrets_prefix": "demo_secrets/",
        "image_repository_url": "registry.example.com/freqtrade",
    }
