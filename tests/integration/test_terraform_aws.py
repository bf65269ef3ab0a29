# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A few resources of the AWS provider in a stand-in of AWS: what others did to them, and their protection."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _terraform
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import Category, PlatformError
from ansible_collections.bot_freqtrade.platform.tests.support import terraform
from ansible_collections.bot_freqtrade.platform.tests.support.aws import (
    ACCOUNT,
    REGION,
    Aws,
    permissions_count,
    stand_in,
)
from moto.eks.models import EKSBackend, eks_backends

CONFIGURATION = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
variable "name" {
  type    = string
  default = "demo"
}
variable "role" {
  type    = string
  default = ""
}
variable "force_delete" {
  type    = bool
  default = false
}
provider "aws" {}
resource "aws_cloudwatch_log_group" "logs" {
  name              = "/${var.name}"
  retention_in_days = 30
}
resource "aws_ecr_repository" "images" {
  name         = "${var.name}-images"
  force_delete = var.force_delete
}
resource "aws_iam_role" "taken" {
  count = var.role == "" ? 0 : 1
  name  = var.role
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" } }]
  })
}
"""

ROLE = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
provider "aws" {}
resource "aws_iam_role" "nodes" {
  name = "nodes"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" } }]
  })
}
"""

CLUSTER = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
provider "aws" {}
variable "subnets" {
  type = list(string)
}
resource "aws_eks_cluster" "this" {
  name     = "demo"
  role_arn = "arn:aws:iam::123456789012:role/cluster"
  vpc_config {
    subnet_ids = var.subnets
  }
  lifecycle {
    create_before_destroy = true
  }
}
"""

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Aws]:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(terraform.write_cli_config(tmp_path / "terraformrc")))
    with stand_in() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_REGION", REGION)
        yield running


def options(folder: Path, **variables: t.Any) -> dict[str, t.Any]:
    return {
        "directory": str(folder / "configuration"),
        "variables": variables,
        "variable_files": [],
        "backend": "local",
        "backend_config": {"path": str(folder / "terraform.tfstate")},
        "unlock": None,
        "lock_timeout": 0,
        "terraform": "terraform",
        "cache_directory": str(folder / "cache"),
        "progress_file": str(folder / "progress"),
    }


def interrupt_creation(state: Path, kind: str) -> None:
    """Mark the resource of a kind as Terraform does when the run ends before AWS has made it."""
    document = json.loads(state.read_text())
    (resource,) = [each for each in document["resources"] if each["type"] == kind]
    resource["instances"][0]["status"] = "tainted"
    state.write_text(json.dumps({**document, "serial": document["serial"] + 1}))


def retention(aws: Aws) -> list[int]:
    return [each["retentionInDays"] for each in aws.client("logs").describe_log_groups()["logGroups"]]


def test_what_others_do_is_seen_and_a_protected_resource_goes_only_when_told(
    aws: Aws, tmp_path: Path
) -> None:
    (tmp_path / "configuration").mkdir()
    (tmp_path / "configuration" / "main.tf").write_text(CONFIGURATION)
    with _terraform.deployment_of(options(tmp_path)) as deployment:
        assert _terraform.ensure(deployment, check=False)["summary"]["create"] == 2

        aws.client("logs").put_retention_policy(logGroupName="/demo", retentionInDays=60)
        found = _terraform.ensure(deployment, check=True)
        assert [each["cause"] for each in found["changes"]] == ["drift"]
        (drift,) = found["drift"]
        assert (drift["address"], drift["attributes"]) == (
            "aws_cloudwatch_log_group.logs",
            ["retention_in_days"],
        )

    aws.client("iam").create_role(RoleName="taken", AssumeRolePolicyDocument="{}")
    with _terraform.deployment_of(options(tmp_path, role="taken")) as deployment:
        with pytest.raises(PlatformError, match=r"aws_iam_role\.taken\[0\]") as clash:
            _terraform.ensure(deployment, check=False)
        assert clash.value.code == "name_taken"
        assert clash.value.details["done"] == ["aws_cloudwatch_log_group.logs"]
        assert retention(aws) == [30]

        with pytest.raises(
            PlatformError, match=r"aws_ecr_repository\.images must not be deleted"
        ) as protected:
            _terraform.remove(deployment, confirm="demo", unprotect=None, check=False)
        assert protected.value.code == "still_protected"
        assert retention(aws) == [30]

    interrupt_creation(tmp_path / "terraform.tfstate", "aws_ecr_repository")
    with _terraform.deployment_of(options(tmp_path)) as deployment:
        _terraform.remove(deployment, confirm="demo", unprotect={"force_delete": True}, check=False)
    assert retention(aws) == []
    assert aws.client("ecr").describe_repositories()["repositories"] == []


def test_a_network_that_is_too_small_is_refused_before_anything_is_made(aws: Aws, tmp_path: Path) -> None:
    admins = [f"arn:aws:iam::{ACCOUNT}:role/operators"]
    place = {"name": "demo", "region": REGION, "account_id": ACCOUNT, "cluster_admin_arns": admins}
    given = {**options(tmp_path, **place, vpc_cidr="10.0.0.0/24"), "directory": str(terraform.ROOT)}
    with (
        _terraform.deployment_of(given) as deployment,
        pytest.raises(PlatformError, match="The network is between /16 and /20") as refused,
    ):
        _terraform.ensure(deployment, check=False)
    assert refused.value.code == "variables_invalid"
    assert refused.value.category is Category.USAGE
    assert not (tmp_path / "terraform.tfstate").exists()


@contextlib.contextmanager
def as_somebody(aws: Aws, *actions: str) -> t.Iterator[t.Callable[..., None]]:
    """Run as a user who may do what the actions name; yield what lets that user do other things."""
    iam = aws.client("iam")
    iam.create_user(UserName="operator")

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with permissions_count(False):
            iam.put_user_policy(UserName="operator", PolicyName="its", PolicyDocument=document)

    allow(*actions)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    with pytest.MonkeyPatch.context() as patch, permissions_count():
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        yield allow


def test_an_action_that_iam_does_not_allow_is_named_and_the_run_goes_on_once_it_does(
    aws: Aws, tmp_path: Path
) -> None:
    (tmp_path / "configuration").mkdir()
    (tmp_path / "configuration" / "main.tf").write_text(ROLE)
    reading = ("sts:GetCallerIdentity", "iam:Get*", "iam:List*")
    with as_somebody(aws, *reading) as allow, _terraform.deployment_of(options(tmp_path)) as deployment:
        with pytest.raises(PlatformError, match=r"aws_iam_role\.nodes: .*iam:CreateRole") as denied:
            _terraform.ensure(deployment, check=False)
        assert denied.value.code == "permission_denied"
        assert denied.value.details["phase"] == "apply"
        assert denied.value.details["done"] == []

        allow(*reading, "iam:CreateRole")
        assert _terraform.ensure(deployment, check=False)["summary"]["create"] == 1


def test_a_cluster_that_is_being_made_when_a_run_is_asked_to_end_is_kept_by_the_next(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configuration").mkdir()
    (tmp_path / "configuration" / "main.tf").write_text(CLUSTER)
    subnets = [each["SubnetId"] for each in aws.client("ec2").describe_subnets()["Subnets"]][:2]
    given = options(tmp_path, subnets=subnets)
    monkeypatch.setattr("moto.eks.models.ACTIVE_STATUS", "CREATING")
    awaited, describe = threading.Event(), EKSBackend.describe_cluster

    def told(backend: EKSBackend, name: str) -> t.Any:
        awaited.set()
        return describe(backend, name)

    monkeypatch.setattr(EKSBackend, "describe_cluster", told)
    run = terraform.start(given)
    assert awaited.wait(120)
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=120)[1].strip().endswith("interrupted")

    eks_backends[ACCOUNT][REGION].clusters["demo"].status = "ACTIVE"
    with _terraform.deployment_of(given) as deployment:
        found = _terraform.ensure(deployment, check=False)
    assert found["summary"]["replace"] == found["summary"]["create"] == 0
