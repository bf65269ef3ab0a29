# SPDX-License-Identifier: GPL-3.0-or-later
terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      "bot-freqtrade/platform" = var.name
      "bot-freqtrade/part"     = "state"
    }
  }
}
