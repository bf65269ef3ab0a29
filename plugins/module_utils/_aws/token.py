# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Print a token for the Kubernetes API of an EKS cluster: the arguments are its name and region.

The text of this file is part of each kubeconfig that the platform writes, so it needs nothing but boto3.
"""

from __future__ import annotations

import base64
import datetime
import json
import sys
import typing as t

LIFETIME_SECONDS = 14 * 60
"""EKS takes a token for 15 minutes; a client asks for the next one a little earlier."""


def credential(cluster: str, region: str) -> dict[str, t.Any]:
    """Return what a client of Kubernetes expects: a signed request that EKS sends to STS in our name."""
    import boto3
    from botocore.signers import RequestSigner

    session = boto3.Session(region_name=region)
    sts = session.client("sts").meta
    credentials = session.get_credentials()
    if credentials is None:
        raise SystemExit("There are no AWS credentials to sign a token with")
    signer = RequestSigner(sts.service_model.service_id, region, "sts", "v4", credentials, session.events)
    request = {
        "method": "GET",
        "url": f"{sts.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(request, region_name=region, expires_in=60, operation_name="")
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=LIFETIME_SECONDS)
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {},
        "status": {
            "token": "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("="),
            "expirationTimestamp": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(credential(*sys.argv[1:])))
