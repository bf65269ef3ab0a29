# SPDX-License-Identifier: GPL-3.0-or-later
# The security properties. AWS is made up: what has no value in aws/ gets a random one.
mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  region             = "eu-central-1"
  account_id         = "123456789012"
  cluster_admin_arns = ["arn:aws:iam::123456789012:role/platform-admin"]
  github_repository  = "example/gitops"
}

run "with_the_defaults" {
  assert {
    condition     = output.availability_zones == tolist(["eu-central-1a", "eu-central-1b", "eu-central-1c"])
    error_message = "The zones are a, b and c, in this order."
  }
  assert {
    condition     = alltrue([for subnet in values(aws_subnet.public) : !subnet.map_public_ip_on_launch])
    error_message = "Nothing gets a public address by itself."
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 3
    error_message = "Each zone has a NAT gateway of its own."
  }
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL"
    error_message = "Accepted and rejected traffic is logged."
  }
  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "The network's default security group lets nothing through."
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sts"]) && aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "S3, ECR, STS, Secrets Manager and logs are reached inside the network."
  }
  assert {
    condition     = alltrue([for endpoint in values(aws_vpc_endpoint.interface) : endpoint.private_dns_enabled])
    error_message = "The services' own names lead to the endpoints."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints.cidr_ipv4 == "10.0.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints.from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints.to_port == 443
    error_message = "Only the network reaches the endpoints, by HTTPS."
  }
  assert {
    condition     = alltrue([for key in values(aws_kms_key.this) : key.enable_key_rotation])
    error_message = "Every key is rotated."
  }
  assert {
    condition     = alltrue([for group in values(aws_cloudwatch_log_group.this) : group.kms_key_id == aws_kms_key.this["logs"].arn && group.retention_in_days == 365])
    error_message = "Every log group is encrypted and ends after a year."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "Without an allow-list the API has no public endpoint."
  }
  assert {
    condition     = tolist(aws_eks_cluster.this.encryption_config[0].resources) == tolist(["secrets"]) && aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == aws_kms_key.this["cluster"].arn
    error_message = "Kubernetes Secrets are encrypted with the platform's key."
  }
  assert {
    condition     = toset(aws_eks_cluster.this.enabled_cluster_log_types) == toset(["api", "audit", "authenticator", "controllerManager", "scheduler"])
    error_message = "All logs of the control plane are on."
  }
  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "Only access entries let anybody in."
  }
  assert {
    condition     = toset([for entry in values(aws_eks_access_entry.admin) : entry.principal_arn]) == toset(["arn:aws:iam::123456789012:role/platform-admin"])
    error_message = "The named administrators get in, and nobody else."
  }
  assert {
    condition     = jsondecode(aws_eks_addon.before_nodes["vpc-cni"].configuration_values) == { enableNetworkPolicy = "true" }
    error_message = "The network add-on enforces NetworkPolicy."
  }
  assert {
    condition     = jsondecode(aws_eks_addon.after_nodes["aws-ebs-csi-driver"].configuration_values) == { defaultStorageClass = { enabled = true } }
    error_message = "Volumes that name no class of storage get one."
  }
  assert {
    condition     = contains(keys(aws_eks_addon.before_nodes), "eks-pod-identity-agent")
    error_message = "Nodes have the agent of Pod Identity."
  }
  assert {
    condition     = toset([for association in values(aws_eks_pod_identity_association.this) : "${association.namespace}/${association.service_account}"]) == toset(["platform/listener", "external-secrets/external-secrets", "logging/fluent-bit"])
    error_message = "Exactly these service accounts have a role."
  }

  assert {
    condition     = alltrue([for template in values(aws_launch_template.node) : template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "Instance metadata takes tokens only, and pods do not reach it."
  }
  assert {
    condition     = alltrue([for template in values(aws_launch_template.node) : template.block_device_mappings[0].ebs[0].encrypted == "true"])
    error_message = "Disks of nodes are encrypted."
  }
  assert {
    condition     = aws_eks_node_group.this["backtests"].capacity_type == "SPOT" && one(aws_eks_node_group.this["backtests"].taint).key == "dedicated"
    error_message = "Backtests have spot nodes that other pods keep off."
  }
  assert {
    condition     = aws_eks_node_group.this["bots"].capacity_type == "ON_DEMAND" && length(aws_eks_node_group.this["bots"].taint) == 0
    error_message = "Bots run on nodes that are not taken away."
  }
  assert {
    condition     = toset([for attachment in values(aws_iam_role_policy_attachment.node) : attachment.policy_arn]) == toset(["arn:aws:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy", "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"])
    error_message = "Nodes may join and pull images, and nothing else."
  }

  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.storage_encrypted && aws_db_instance.this.kms_key_id == aws_kms_key.this["database"].arn && !aws_db_instance.this.publicly_accessible
    error_message = "The database has a standby, is encrypted with the platform's key, and has no public address."
  }
  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null && aws_db_instance.this.master_user_secret_kms_key_id == aws_kms_key.this["database"].key_id
    error_message = "Secrets Manager makes the master password, and Terraform never knows it."
  }
  assert {
    condition     = aws_db_instance.this.backup_retention_period == 35 && aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.copy_tags_to_snapshot
    error_message = "Backups go back 35 days; the database is protected and leaves a last snapshot."
  }
  assert {
    condition     = can(regex("^bot-freqtrade-[0-9]{14}$", aws_db_instance.this.final_snapshot_identifier))
    error_message = "The last snapshots of one platform after another do not clash."
  }
  assert {
    condition     = aws_db_instance.this.performance_insights_enabled && aws_db_instance.this.performance_insights_kms_key_id == aws_kms_key.this["database"].arn && aws_db_instance.this.monitoring_interval == 60
    error_message = "Insights and metrics are on, and encrypted."
  }
  assert {
    condition     = toset(aws_db_instance.this.enabled_cloudwatch_logs_exports) == toset(["postgresql", "upgrade"])
    error_message = "The database's logs go to CloudWatch."
  }
  assert {
    condition = { for parameter in aws_db_parameter_group.this.parameter : parameter.name => parameter.value } == {
      "rds.force_ssl"                     = "1"
      "rds.accepted_password_auth_method" = "scram"
      "password_encryption"               = "scram-sha-256"
      "max_locks_per_transaction"         = "512"
      "log_connections"                   = "1"
      "log_disconnections"                = "1"
      "log_lock_waits"                    = "1"
      "log_temp_files"                    = "10240"
      "log_autovacuum_min_duration"       = "10000"
      "log_statement"                     = "none"
      "log_min_duration_statement"        = "-1"
      "log_min_error_statement"           = "panic"
      "log_error_verbosity"               = "terse"
      "log_parameter_max_length"          = "0"
      "log_parameter_max_length_on_error" = "0"
    }
    error_message = "TLS and SCRAM only, locks for a schema for each client, and no statement in a log."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.database_from_cluster.from_port == 5432 && aws_vpc_security_group_ingress_rule.database_from_cluster.cidr_ipv4 == null && length(aws_vpc_security_group_ingress_rule.database_from_clients) == 0
    error_message = "Only the cluster reaches the database."
  }

  assert {
    condition     = toset(values(aws_ecr_repository.this)[*].name) == toset(["freqtrade-platform", "freqtrade-listener"]) && alltrue([for repository in values(aws_ecr_repository.this) : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && !repository.force_delete])
    error_message = "Tags stay, images are scanned, and a destroy does not take them along."
  }
  assert {
    condition     = alltrue([for repository in values(aws_ecr_repository.this) : repository.encryption_configuration[0].encryption_type == "KMS"])
    error_message = "Images are encrypted with the platform's key."
  }
  assert {
    condition     = tolist(aws_iam_openid_connect_provider.github[0].client_id_list) == tolist(["sts.amazonaws.com"]) && aws_iam_role.github_actions[0].max_session_duration == 3600
    error_message = "GitHub's workflows get a role for an hour."
  }
}

run "github_without_a_repository" {
  command = plan

  variables {
    github_repository = null
  }

  assert {
    condition     = length(aws_iam_role.github_actions) == 0 && length(aws_iam_openid_connect_provider.github) == 0 && output.github_actions_role_arn == null
    error_message = "Without a repository there is nothing for GitHub."
  }
}

run "github_with_the_accounts_own_provider" {
  command = plan

  variables {
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }

  assert {
    condition     = length(aws_iam_role.github_actions) == 1 && length(aws_iam_openid_connect_provider.github) == 0
    error_message = "An account's provider for GitHub is used and not made again."
  }
}

run "a_public_api_for_few" {
  command = plan

  variables {
    api_allowed_cidrs     = ["198.51.100.7/32"]
    database_client_cidrs = ["10.99.0.0/24"]
    nat_gateway_per_zone  = false
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && tolist(aws_eks_cluster.this.vpc_config[0].public_access_cidrs) == tolist(["198.51.100.7/32"])
    error_message = "The public endpoint is for the named addresses."
  }
  assert {
    condition     = one(values(aws_vpc_security_group_ingress_rule.database_from_clients)).cidr_ipv4 == "10.99.0.0/24"
    error_message = "A named network reaches the database."
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.nat) == 3
    error_message = "Three zones share one NAT gateway."
  }
}

run "a_region_without_a_zone_b" {
  command = plan

  override_data {
    target = data.aws_availability_zones.available
    values = { names = ["eu-central-1a", "eu-central-1c", "eu-central-1d"] }
  }

  expect_failures = [aws_vpc.this]
}
