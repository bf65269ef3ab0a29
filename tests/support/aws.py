# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A stand-in of AWS on a free loopback port, and Terraform as a user runs it against that."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import typing as t

import boto3
from moto import settings
from moto.core.config import default_user_config
from moto.ec2.models import launch_templates
from moto.iam import access_control
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.moto_api._internal.models import moto_api_backend
from moto.rds.models import DBParameterGroup
from moto.s3.models import FakeBucket
from moto.server import ThreadedMotoServer

from . import aws_eks

ACCOUNT = "123456789012"
REGION = "eu-central-1"


@dataclasses.dataclass(frozen=True)
class Aws:
    """Where the stand-in listens."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which boto3 and Terraform reach the stand-in and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",
            "AWS_REGION": REGION,
        }

    def client(self, service: str, region: str = REGION) -> t.Any:
        """Return a client of boto3 for a service of the stand-in."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


def _tell_who_set_parameters(group: DBParameterGroup, new_parameters: t.Iterable[dict[str, t.Any]]) -> None:
    """Terraform passes over parameters that it is not told to be a user's own."""
    for parameter in new_parameters:
        group.parameters[parameter["ParameterName"]].update(parameter, Source="user")


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """Heed the policy of a bucket but for statements with conditions, which moto takes for unconditional."""
    policy = json.loads(bucket.policy or b'{"Statement": []}')
    policy["Statement"] = [each for each in policy["Statement"] if "Condition" not in each]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


class _TemplateVersion(launch_templates.LaunchTemplateVersion):
    """Without the tags of the template, which moto tells among those of its instances."""

    def __init__(self, template: t.Any, number: int, data: dict[str, t.Any], description: str) -> None:
        specifications = data.get("TagSpecifications", [])
        data["TagSpecifications"] = [
            each for each in specifications if each["ResourceType"] != "launch-template"
        ]
        super().__init__(template, number, data, description)


class _AccessDenied(access_control.AccessDeniedError):
    """As AWS's query protocol has it; moto wraps it once more, and Terraform then finds no text in it."""

    def __init__(self, user_arn: str, action: str) -> None:
        super().__init__(user_arn, action)
        self.description = str(self.description).replace("<Errors>", "").replace("</Errors>", "")


@contextlib.contextmanager
def stand_in() -> t.Iterator[Aws]:
    """Run the stand-in, empty at first, until the block ends. All of a process share what there is in it."""
    aws_eks.extend()
    launch_templates.LaunchTemplateVersion = _TemplateVersion  # type: ignore[misc]
    access_control.AccessDeniedError = _AccessDenied  # type: ignore[misc]
    FakeBucket.get_permission = _permission  # type: ignore[method-assign]
    DBParameterGroup.update_parameters = _tell_who_set_parameters  # type: ignore[method-assign]
    default_user_config["iam"]["load_aws_managed_policies"] = True
    moto_api_backend.reset()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Aws(f"http://{host}:{port}")
    finally:
        server.stop()


@contextlib.contextmanager
def permissions_count(counting: bool = True) -> t.Iterator[None]:
    """Let the stand-in heed IAM's policies until the block ends, or not; it does not by itself."""
    before = settings.INITIAL_NO_AUTH_ACTION_COUNT
    settings.INITIAL_NO_AUTH_ACTION_COUNT = -1 if counting else float("inf")
    try:
        yield
    finally:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = before
