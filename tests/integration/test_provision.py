# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The playbooks provision and destroy, on a real Kubernetes API and PostgreSQL, and a stand-in of AWS.

What Terraform makes here is a bucket and the name of a cluster: the real configuration has tests of its own.
The addons need a cluster that runs pods.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.tests.support.aws import Aws, stand_in
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import INFRA, Origin
from ansible_collections.bot_freqtrade.platform.tests.support.kube_api import KubeApi
from ansible_collections.bot_freqtrade.platform.tests.support.postgres import (
    SUPERUSER,
    SUPERUSER_PASSWORD,
    Server,
)

CONFIGURATION = Path(__file__).parent / "targets" / "role_infrastructure" / "files" / "terraform"
OUTPUTS = """
variable "outputs" {
  type = map(string)
}
output "region" {
  value = var.region
}
output "cluster_name" {
  value = var.name
}
"""
DATABASE_OUTPUTS = ("database_host", "database_port", "database_name")
MASTER_OUTPUTS = ("database_master_username", "database_master_secret_arn")
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

    def play(self, playbook: str, *arguments: str, **variables: t.Any) -> str:
        """Run a playbook to its good end and return its output."""
        done = self.try_to_play(playbook, *arguments, **variables)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def try_to_play(
        self, playbook: str, *arguments: str, **variables: t.Any
    ) -> subprocess.CompletedProcess[str]:
        name = f"bot_freqtrade.platform.{playbook}"
        command = ["ansible-playbook", name, "-e", json.dumps(variables), *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=self._environment)


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


def argo_cd(kube_api: KubeApi) -> None:
    """Teach the API server the kinds of Argo CD."""
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


def databases(server: Server) -> set[str]:
    with server.superuser() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")
        return {name for (name,) in cursor.fetchall()}


def forget(server: Server) -> None:
    """Remove what an earlier test made."""
    with server.superuser() as cursor:
        for name in databases(server) - {"postgres"}:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        for role in ("platform_admin", "platform_listener"):
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
    operator: Operator, origin: Origin, kube_api: KubeApi, postgres_15: Server
) -> None:
    forget(postgres_15)
    argo_cd(kube_api)
    passfile = postgres_15.write_passfile(operator.folder / "pgpass", SUPERUSER, SUPERUSER_PASSWORD)
    variables = {
        "provision_infrastructure": False,
        "provision_steps": ["database", "gitops"],
        "platform_kubeconfig": str(kube_api.kubeconfig),
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
    assert kube_api.request("GET", objects)["spec"]["goTemplate"] is True

    assert "changed=0" in operator.play("provision", **variables)


def test_infrastructure_is_made_reached_and_taken_back(
    tmp_path: Path, origin: Origin, postgres_18: Server
) -> None:
    forget(postgres_18)
    shutil.copytree(CONFIGURATION, tmp_path / "terraform")
    names = "".join(
        f'output "{name}" {{\n  value = var.outputs["{name}"]\n}}\n'
        for name in DATABASE_OUTPUTS + MASTER_OUTPUTS
    )
    (tmp_path / "terraform" / "outputs.tf").write_text(OUTPUTS + names)
    with stand_in() as aws:
        operator = Operator(tmp_path, {**aws.environment, "AWS_DEFAULT_REGION": "eu-central-1"})
        variables = {
            "infrastructure_name": "demo",
            "infrastructure_region": "eu-central-1",
            "infrastructure_directory": str(tmp_path / "terraform"),
            "infrastructure_backend_config": {"use_path_style": True},
            "infrastructure_variables": {"outputs": rds(aws, postgres_18)},
            "provision_steps": ["database"],
            "provision_database": {"sslmode": "disable"},
            "platform_gitops_repository": origin.url,
        }
        foreseen = operator.play("provision", "--check", **variables)
        assert "terraform_data.cluster: to be created" in foreseen
        assert "platform" not in databases(postgres_18)

        operator.play("provision", **variables)
        folder = tmp_path / ".config" / "bot_freqtrade" / "demo"
        kubeconfig = yaml.safe_load((folder / "kubeconfig").read_text())
        assert kubeconfig["current-context"] == "demo"
        assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
            "kubeconfig": 0o600,
            "pgpass-admin": 0o600,
            "pgpass-listener": 0o600,
        }
        assert folder.stat().st_mode & 0o777 == 0o700
        assert databases(postgres_18) == {"postgres", "freqtrade_multi", "platform"}
        assert "changed=0" in operator.play("provision", **variables)

        operator.play("destroy", confirm="demo", with_load_balancers=True, with_state=True, **variables)
        assert not (folder / "kubeconfig").exists()
        assert aws.client("s3").list_buckets()["Buckets"] == []


def rds(aws: Aws, server: Server) -> dict[str, str]:
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
        "database_port": str(server.port),
        "database_name": "freqtrade_multi",
        "database_master_username": "master",
        "database_master_secret_arn": made["ARN"],
    }
