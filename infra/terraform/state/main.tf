# SPDX-License-Identifier: GPL-3.0-or-later
locals {
  # Names of buckets are shared by all accounts of the world, so the account's number is part of it.
  bucket = "${var.name}-state-${var.account_id}-${var.region}"
}

import {
  for_each = var.exists ? { bucket = local.bucket } : {}
  to       = aws_s3_bucket.this
  id       = each.value
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144: the state describes one region and is of no use in another
  # checkov:skip=CKV_AWS_18: a log of accesses would need a second bucket; CloudTrail's data events tell the same
  # checkov:skip=CKV2_AWS_61: states are small, so every version stays and can be brought back
  # checkov:skip=CKV2_AWS_62: nothing waits for a change of the state
  bucket        = local.bucket
  force_destroy = var.force_delete
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "RefuseWhatIsNotEncryptedOnItsWay"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket_public_access_block.this.bucket
  policy = data.aws_iam_policy_document.tls_only.json
}
