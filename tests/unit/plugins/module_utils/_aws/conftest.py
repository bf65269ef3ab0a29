# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A stand-in of AWS on loopback with a cluster in it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _aws
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
CLUSTER = "demo"


@pytest.fixture(scope="session")
def aws_url() -> t.Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def session(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> _aws.Session:
    """A session in the region of the tests, with the cluster ``demo``."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    made = _aws.Session(REGION)
    eks = made.client("eks")
    if CLUSTER not in eks.list_clusters()["clusters"]:
        subnets = made.client("ec2").describe_subnets()["Subnets"]
        network = {"subnetIds": [subnet["SubnetId"] for subnet in subnets[:2]]}
        role = "arn:aws:iam::123456789012:role/cluster"
        eks.create_cluster(name=CLUSTER, roleArn=role, resourcesVpcConfig=network)
    return made
