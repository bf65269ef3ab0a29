# SPDX-License-Identifier: GPL-3.0-or-later
terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket, key and region come by -backend-config: see state/.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = merge(var.tags, {
      "bot-freqtrade/platform" = var.name
      "bot-freqtrade/part"     = "infrastructure"
    })
  }
}
