# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Make, look at or delete a bucket with all that is in it: bucket.py VERB NAME."""

from __future__ import annotations

import sys

import boto3

verb, name = sys.argv[1:]
bucket = boto3.resource("s3").Bucket(name)
if verb == "make":
    bucket.create(CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
elif verb == "look":
    bucket.meta.client.head_bucket(Bucket=name)
else:
    bucket.objects.delete()
    bucket.delete()
