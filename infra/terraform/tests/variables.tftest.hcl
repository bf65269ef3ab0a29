# SPDX-License-Identifier: GPL-3.0-or-later
# Bad input is refused before anything is asked of AWS. Each run gives bad values to all variables named at its end.
mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  region             = "eu-central-1"
  account_id         = "123456789012"
  cluster_admin_arns = ["arn:aws:iam::123456789012:role/platform-admin"]
}

run "of_another_form" {
  command = plan

  variables {
    name                               = "Shop"
    region                             = "eu-central-1a"
    account_id                         = "1234"
    tags                               = { "aws:cost" = "x" }
    vpc_cidr                           = "10.0.0.1/16"
    interface_endpoints                = ["com.amazonaws.*"]
    log_retention_days                 = 42
    key_deletion_days                  = 3
    kubernetes_version                 = "1.29"
    kubernetes_support                 = "NONE"
    api_allowed_cidrs                  = ["0.0.0.0/0"]
    cluster_admin_arns                 = []
    node_groups                        = { backtests = { instance_types = ["m7i.large"], capacity_type = "SPOT", min_size = 1, max_size = 1 } }
    addon_versions                     = { cilium = "v1.0.0-eksbuild.1" }
    service_accounts                   = { listener = "listener" }
    secrets_prefix                     = "bot_freqtrade/*"
    database_engine_version            = "14"
    database_instance_class            = "m7g.large"
    database_storage_gib               = { initial = 50, maximum = 50 }
    database_backup_days               = 0
    database_master_username           = "postgres"
    database_client_cidrs              = ["198.51.100.0/24"]
    database_max_locks_per_transaction = 64
    image_repository                   = "Freqtrade"
    listener_image_repository          = "a"
    github_repository                  = "example/*"
    github_subjects                    = ["*"]
    github_oidc_provider_arn           = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
  }

  expect_failures = [
    var.name,
    var.region,
    var.account_id,
    var.tags,
    var.vpc_cidr,
    var.interface_endpoints,
    var.log_retention_days,
    var.key_deletion_days,
    var.kubernetes_version,
    var.kubernetes_support,
    var.api_allowed_cidrs,
    var.cluster_admin_arns,
    var.node_groups,
    var.addon_versions,
    var.service_accounts,
    var.secrets_prefix,
    var.database_engine_version,
    var.database_instance_class,
    var.database_storage_gib,
    var.database_backup_days,
    var.database_master_username,
    var.database_client_cidrs,
    var.database_max_locks_per_transaction,
    var.image_repository,
    var.listener_image_repository,
    var.github_repository,
    var.github_subjects,
    var.github_oidc_provider_arn,
  ]
}

run "too_small" {
  command = plan

  variables {
    name               = "ab"
    vpc_cidr           = "10.0.0.0/24"
    availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    cluster_admin_arns = ["arn:aws:sts::123456789012:assumed-role/platform-admin/session"]
    node_groups        = { bots = { instance_types = ["m7i.large"], min_size = 1, max_size = 1, disk_gib = 10 } }
    addon_versions     = { vpc-cni = "latest" }
    service_accounts   = { listener = "a/b", external_secrets = "a/b" }
    secrets_prefix     = ""
    github_subjects    = []
  }

  expect_failures = [
    var.name,
    var.vpc_cidr,
    var.availability_zones,
    var.cluster_admin_arns,
    var.node_groups,
    var.addon_versions,
    var.service_accounts,
    var.secrets_prefix,
    var.github_subjects,
  ]
}

run "not_private_or_upside_down" {
  command = plan

  variables {
    vpc_cidr                           = "198.51.0.0/16"
    availability_zones                 = ["eu-central-1a"]
    api_allowed_cidrs                  = ["198.51.100.7"]
    node_groups                        = { bots = { instance_types = ["m7i.large"], min_size = 3, max_size = 2 } }
    secrets_prefix                     = "/"
    database_storage_gib               = { initial = 5, maximum = 50 }
    database_backup_days               = 36
    database_master_username           = "cliente_001"
    database_client_cidrs              = ["192.168.0.0/13"]
    database_max_locks_per_transaction = 512.5
    github_subjects                    = ["pull_request"]
  }

  expect_failures = [
    var.vpc_cidr,
    var.availability_zones,
    var.api_allowed_cidrs,
    var.node_groups,
    var.secrets_prefix,
    var.database_storage_gib,
    var.database_backup_days,
    var.database_master_username,
    var.database_client_cidrs,
    var.database_max_locks_per_transaction,
    var.github_subjects,
  ]
}

run "too_large_or_tainted" {
  command = plan

  variables {
    vpc_cidr              = "10.0.0.0/8"
    node_groups           = { bots = { instance_types = ["m7i.large"], min_size = 1, max_size = 2, tainted = true } }
    tags                  = { "bot-freqtrade/platform" = "mine" }
    database_client_cidrs = ["10.0.0.0/7"]
  }

  expect_failures = [var.vpc_cidr, var.node_groups, var.tags, var.database_client_cidrs]
}

run "not_as_aws_writes_it" {
  command = plan

  variables {
    name                  = "shop--1"
    node_groups           = { "bots_1" = { instance_types = ["m7i.large"], min_size = 1, max_size = 2 } }
    database_client_cidrs = ["10.99.0.1/24"]
  }

  expect_failures = [var.name, var.node_groups, var.database_client_cidrs]
}

run "twice_or_of_no_kind" {
  command = plan

  variables {
    availability_zones = ["eu-central-1a", "eu-central-1a", "eu-central-1b"]
    node_groups = {
      bots      = { instance_types = ["m7i.large"], min_size = 1, max_size = 2 }
      backtests = { instance_types = ["m7i.large"], capacity_type = "RESERVED", min_size = 0, max_size = 2 }
    }
  }

  expect_failures = [var.availability_zones, var.node_groups]
}

run "of_no_instance_type" {
  command = plan

  variables {
    node_groups = { bots = { instance_types = [], min_size = 1, max_size = 1 } }
  }

  expect_failures = [var.node_groups]
}
