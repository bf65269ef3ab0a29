# SPDX-License-Identifier: GPL-3.0-or-later
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::mocked" }
  }
}

variables {
  name       = "shop"
  region     = "eu-central-1"
  account_id = "123456789012"
}

run "the_bucket" {
  assert {
    condition     = output.backend_config == { bucket = "shop-state-123456789012-eu-central-1", key = "shop/terraform.tfstate", region = "eu-central-1" }
    error_message = "The backend's place follows from name, account and region."
  }
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "An overwritten state can be brought back."
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "States are encrypted."
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "Nothing of the bucket can become public."
  }
  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A bucket with states in it is not deleted."
  }
}

run "bad_input" {
  command = plan

  variables {
    name       = "Shop"
    region     = "central"
    account_id = "12"
  }

  expect_failures = [var.name, var.region, var.account_id]
}

run "a_name_that_rds_forbids" {
  command = plan

  variables {
    name = "shop--1"
  }

  expect_failures = [var.name]
}
