# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The bucket that keeps the states, and what goes wrong with it."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import boto3
import pytest
from ansible_collections.bot_freqtrade.platform.tests.support import aws, terraform
from ansible_collections.bot_freqtrade.platform.tests.support.aws import ACCOUNT, REGION

Make = t.Callable[..., terraform.Terraform]


@pytest.fixture(scope="module")
def initialised(stand_in: aws.Aws, tmp_path_factory: pytest.TempPathFactory) -> terraform.Terraform:
    folder = tmp_path_factory.mktemp("state") / "root"
    root = terraform.Terraform.copy_of(terraform.ROOT / "state", folder, stand_in.environment)
    root.init()
    return root


@pytest.fixture
def root(initialised: terraform.Terraform, request: pytest.FixtureRequest) -> terraform.Terraform:
    """The configuration without a state, for a platform whose name no other test has."""
    for file in initialised.folder.glob("terraform.tfstate*"):
        file.unlink()
    initialised.variables(name=name_of(request.node.name), region=REGION, account_id=ACCOUNT)
    return initialised


def name_of(test: str) -> str:
    return "t" + "".join(letter for letter in test.removeprefix("test_") if letter.isalpha())[-20:]


def bucket_of(request: pytest.FixtureRequest) -> str:
    return f"{name_of(request.node.name)}-state-{ACCOUNT}-{REGION}"


def apply(root: terraform.Terraform, *options: str) -> None:
    root.run("apply", "-auto-approve", "-input=false", "-no-color", *options)


def test_a_bucket_is_closed_and_keeps_versions(
    root: terraform.Terraform, stand_in: aws.Aws, request: pytest.FixtureRequest
) -> None:
    apply(root)
    s3, bucket = stand_in.client("s3"), bucket_of(request)
    assert root.outputs()["bucket"] == bucket
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_bucket_with_states_is_taken_over_and_deleted_only_when_told(
    root: terraform.Terraform, stand_in: aws.Aws, request: pytest.FixtureRequest
) -> None:
    s3, bucket = stand_in.client("s3"), bucket_of(request)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="state", Body=b"of before")
    with pytest.raises(terraform.TerraformFailed, match="BucketAlreadyOwnedByYou"):
        apply(root)
    apply(root, "-var=exists=true")
    assert "aws_s3_bucket.this" in root.resources()
    with pytest.raises(terraform.TerraformFailed, match="BucketNotEmpty"):
        root.destroy("-target=aws_s3_bucket.this")
    assert s3.get_object(Bucket=bucket, Key="state")["Body"].read() == b"of before"

    told = ("-var=exists=true", "-var=force_delete=true")
    apply(root, *told)
    s3.put_object(Bucket=bucket, Key="state", Body=b"of today")
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2
    root.destroy(*told)
    assert bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]


def test_the_name_of_somebody_elses_bucket_is_refused(
    root: terraform.Terraform, stand_in: aws.Aws, request: pytest.FixtureRequest
) -> None:
    role = stand_in.client("sts").assume_role(
        RoleArn="arn:aws:iam::210987654321:role/somebody", RoleSessionName="else"
    )["Credentials"]
    other = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=stand_in.url,
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )
    bucket = bucket_of(request)
    other.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    with pytest.raises(terraform.TerraformFailed, match="BucketAlreadyExists"):
        apply(root)


def test_what_is_not_allowed_is_named_and_goes_on_once_it_is(
    root: terraform.Terraform, stand_in: aws.Aws
) -> None:
    iam = stand_in.client("iam")
    iam.create_user(UserName="operator")
    allow(iam, "s3:Get*", "s3:List*", "s3:HeadBucket", "sts:GetCallerIdentity")
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    login = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    root = dataclasses.replace(root, environment={**root.environment, **login})
    with aws.permissions_count():
        with pytest.raises(terraform.TerraformFailed) as failed:
            apply(root)
        assert "AccessDenied" in str(failed.value)
        assert "with aws_s3_bucket.this" in str(failed.value)
        with aws.permissions_count(False):
            allow(iam, "s3:*", "sts:GetCallerIdentity")
        apply(root)
    assert "aws_s3_bucket_policy.this" in root.resources()


def allow(iam: t.Any, *actions: str) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    }
    iam.put_user_policy(UserName="operator", PolicyName="its", PolicyDocument=json.dumps(policy))
