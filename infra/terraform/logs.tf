# SPDX-License-Identifier: GPL-3.0-or-later
locals {
  # EKS and RDS choose the names of theirs; made here first, they are encrypted and end some day.
  log_groups = {
    bots     = "/bot-freqtrade/${var.name}/bots"
    cluster  = "/aws/eks/${var.name}/cluster"
    database = "/aws/rds/instance/${var.name}/postgresql"
    flow     = "/bot-freqtrade/${var.name}/flow"
    upgrade  = "/aws/rds/instance/${var.name}/upgrade"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
}
