# SPDX-License-Identifier: GPL-3.0-or-later
data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
}

# Remembers what the state was first applied to: in another place Terraform would find nothing and build it all anew.
resource "terraform_data" "place" {
  input = {
    account_id = var.account_id
    region     = var.region
    name       = var.name
  }

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.output.region == var.region
      error_message = "This state belongs to the region ${self.output.region}, not ${var.region}. Use another state for another region."
    }
    postcondition {
      condition     = self.output.name == var.name
      error_message = "This state belongs to the platform ${self.output.name}, not ${var.name}. Use another state for another platform."
    }
    postcondition {
      condition     = self.output.account_id == var.account_id
      error_message = "This state belongs to the account ${self.output.account_id}, not ${var.account_id}. Use another state for another account."
    }
  }
}
