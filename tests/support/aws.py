# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A stand-in of AWS on a free loopback port, and Terraform as a user runs it against that."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

import boto3
from moto.core.config import default_user_config
from moto.iam.models import iam_backends
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


@contextlib.contextmanager
def stand_in() -> t.Iterator[Aws]:
    """Run the stand-in until the block ends. All of a process share what there is in it."""
    aws_eks.extend()
    default_user_config["iam"]["load_aws_managed_policies"] = True
    iam_backends[ACCOUNT]["aws"].reset()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Aws(f"http://{host}:{port}")
    finally:
        server.stop()
