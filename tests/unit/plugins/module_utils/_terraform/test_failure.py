# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Diagnostics as Terraform, its S3 backend and the AWS provider word them, and what is made of them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.failure import (
    Diagnostic,
    error,
)

LOCKED = """Error message: operation error S3: PutObject, https response error StatusCode: 412,
RequestID: GR7, HostID: 9Gjjt1m+cjU=, api error PreconditionFailed: A condition did not hold
Lock Info:
  ID:        682d350e-ffef-c8e1-e9ad-16e08ebc97fc
  Path:      state/k
  Operation: OperationTypeApply
  Who:       ops@bastion
  Version:   1.11.4
  Created:   2026-11-23 02:06:24.897654124 +0000 UTC
  Info:

Terraform acquires a state lock to protect the state from being written
by multiple users at the same time."""


def failed(summary: str, detail: str = "", address: str | None = None) -> t.Any:
    return error("apply", [Diagnostic(summary, detail, address)], "")


def said(operation: str, status: int, text: str) -> str:
    """Return what the AWS provider makes of an answer."""
    return (
        f"doing it: operation error {operation}, "
        f"https response error StatusCode: {status}, RequestID: 1-2, {text}"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("AWS account ID not allowed: 123456789012", "account_wrong"),
        ("invalid AWS Region: eu-nowhere-9", "region_wrong"),
        (
            'requested bucket from "us-east-1", actual location "eu-central-1": '
            + said("S3: ListObjectsV2", 301, "api error"),
            "region_wrong",
        ),
        (
            'S3 bucket "state" does not exist. ' + said("S3: ListObjectsV2", 404, "NoSuchBucket"),
            "state_missing",
        ),
        (said("IAM: CreateRole", 409, "EntityAlreadyExists: Role with name x already exists."), "name_taken"),
        (said("EKS: CreateCluster", 409, "ResourceInUseException: Cluster already exists: x"), "name_taken"),
        (said("RDS: CreateDBInstance", 400, "DBInstanceAlreadyExists: exists"), "name_taken"),
        (said("EC2: AllocateAddress", 400, "api error AddressLimitExceeded: Too many."), "quota_exceeded"),
        (said("EC2: CreateVpc", 403, "api error UnauthorizedOperation: You may not."), "permission_denied"),
        (
            said("IAM: GetRole", 403, "api error AccessDenied: u is not authorized to perform: iam:GetRole"),
            "permission_denied",
        ),
        (
            said(
                "RDS: DeleteDBInstance", 400, "Cannot delete protected DB Instance, please disable it first"
            ),
            "still_protected",
        ),
        (said("ECR: DeleteRepository", 400, "RepositoryNotEmptyException: has images"), "still_protected"),
        (said("STS: GetCallerIdentity", 403, "api error ExpiredToken: It is expired"), "credentials_invalid"),
        ("No valid credential sources found", "credentials_invalid"),
        (
            'maximum number of attempts, 5, request send failed, Post "https://sts/": dial tcp 10.0.0.1:443',
            "aws_unreachable",
        ),
        (said("EKS: ListClusters", 503, "api error"), "aws_unreachable"),
        ("Failed to save state", "state_not_saved"),
        ("Unsupported Terraform Core version", "library_missing"),
        ("something that nobody has seen", "terraform_failed"),
    ],
)
def test_a_text_has_one_meaning(text: str, code: str) -> None:
    assert failed(text).code == code


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        (
            "This state belongs to the region eu-central-1, not eu-west-1. Use another state.",
            "state_of_another",
        ),
        ("The network is too small.", "variables_invalid"),
    ],
)
def test_a_condition_says_whether_the_state_or_a_variable_is_wrong(detail: str, code: str) -> None:
    assert failed("Resource postcondition failed", detail).code == code


def test_a_lock_says_whose_it_is_and_how_to_take_it_away() -> None:
    locked = failed("Error acquiring the state lock", LOCKED)
    assert locked.code == "state_locked"
    assert locked.details["lock"] == {
        "id": "682d350e-ffef-c8e1-e9ad-16e08ebc97fc",
        "operation": "OperationTypeApply",
        "who": "ops@bastion",
        "created": "2026-11-23 02:06:24.897654124 +0000 UTC",
    }
    assert "ops@bastion" in locked.message
    assert "682d350e-ffef-c8e1-e9ad-16e08ebc97fc" in locked.message


def test_of_several_failures_the_one_that_says_most_comes_first_and_all_are_listed() -> None:
    found = error(
        "apply",
        [
            Diagnostic("waiting for something", "", "aws_vpc.this"),
            Diagnostic("creating x: EntityAlreadyExists", "", "aws_iam_role.node"),
        ],
        "",
        done=["aws_eip.nat"],
    )
    assert found.code == "name_taken"
    assert (
        found.message
        == "terraform apply failed: aws_iam_role.node: creating x: EntityAlreadyExists (and 1 more)"
    )
    assert [each["address"] for each in found.details["resources"]] == ["aws_vpc.this", "aws_iam_role.node"]
    assert found.details["done"] == ["aws_eip.nat"]


def test_a_message_is_one_line_without_what_nobody_reads() -> None:
    found = failed(
        said("EC2: CreateVpc", 403, "api error UnauthorizedOperation: You may not.")
        + "\nEncoded authorization failure message: Aq3x_w",
        address="aws_vpc.this",
    )
    assert found.message == (
        "terraform apply failed: aws_vpc.this: doing it: EC2: CreateVpc, "
        "api error UnauthorizedOperation: You may not"
    )


def test_credentials_in_a_text_are_hidden() -> None:
    found = failed(
        "for AKIAIOSFODNN7EXAMPLE at https://u:p@host/?X-Amz-Signature=abc&X-Amz-Security-Token=def%2F"
    )
    assert found.message.endswith("for *** at https://***host/?X-Amz-Signature=***&X-Amz-Security-Token=***")


def test_an_end_without_a_diagnostic_says_what_was_left() -> None:
    found = error("plan", [], "it ended with -9. ")
    assert (found.code, found.message) == ("terraform_failed", "terraform plan failed: it ended with -9.")
