# SPDX-License-Identifier: GPL-3.0-or-later
# Run with each example: terraform test -test-directory=examples -var-file=examples/small.tfvars
mock_provider "aws" {
  source = "./tests/aws"
}

run "an_example" {
  command = plan

  assert {
    condition     = aws_db_instance.this.deletion_protection && aws_db_instance.this.backup_retention_period == 35
    error_message = "Data is safe in every size."
  }
}
