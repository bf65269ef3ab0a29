# SPDX-License-Identifier: GPL-3.0-or-later
output "name" {
  description = "Name of the platform; a destroy asks for it."
  value       = var.name
}

output "region" {
  description = "AWS region of everything."
  value       = local.region
}

output "account_id" {
  description = "AWS account of everything."
  value       = data.aws_caller_identity.current.account_id
}

output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "Addresses of the network."
  value       = aws_vpc.this.cidr_block
}

output "availability_zones" {
  description = "The three zones, in the order of the subnets."
  value       = local.zones
}

output "private_subnet_ids" {
  description = "Subnets of the nodes and pods, one for each zone."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]
}

output "public_subnet_ids" {
  description = "Subnets of NAT gateways and public load balancers, one for each zone."
  value       = [for zone in local.zones : aws_subnet.public[zone].id]
}

output "database_subnet_ids" {
  description = "Subnets of the database, one for each zone, without a way to the internet."
  value       = [for zone in local.zones : aws_subnet.database[zone].id]
}

output "database_subnet_cidrs" {
  description = "Addresses where the database can be: networkPolicy.database of environment.yaml."
  value       = [for zone in local.zones : aws_subnet.database[zone].cidr_block]
}

output "nat_public_ips" {
  description = "Addresses from which the bots reach exchanges: clients put them on the allow-list of their exchange keys."
  value       = [for address in aws_eip.nat : address.public_ip]
}

output "cluster_name" {
  description = "Name of the EKS cluster."
  value       = aws_eks_cluster.this.name
}

output "cluster_endpoint" {
  description = "URL of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "cluster_ca_data" {
  description = "Certificate authority of the Kubernetes API, PEM in base64 as a kubeconfig has it."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "cluster_version" {
  description = "Kubernetes version of the control plane."
  value       = aws_eks_cluster.this.version
}

output "cluster_security_group_id" {
  description = "Security group of the control plane, the nodes and the pods."
  value       = local.cluster_security_group_id
}

output "node_groups" {
  description = "Names of the managed node groups in EKS by their names here."
  value       = { for name, group in aws_eks_node_group.this : name => group.node_group_name }
}

output "node_role_arn" {
  description = "IAM role of the nodes."
  value       = aws_iam_role.node.arn
}

output "database_host" {
  description = "Host name of PostgreSQL."
  value       = aws_db_instance.this.address
}

output "database_port" {
  description = "Port of PostgreSQL."
  value       = aws_db_instance.this.port
}

output "database_name" {
  description = "Name of the clients' database."
  value       = aws_db_instance.this.db_name
}

output "database_identifier" {
  description = "Name of the instance in RDS."
  value       = aws_db_instance.this.identifier
}

output "database_last_snapshot" {
  description = "Name of the snapshot that a destroy leaves behind; null without one."
  value       = aws_db_instance.this.skip_final_snapshot ? null : aws_db_instance.this.final_snapshot_identifier
}

output "database_key_arn" {
  description = "KMS key that the database and its snapshots are encrypted with. A destroy schedules its deletion."
  value       = aws_kms_key.this["database"].arn
}

output "database_master_username" {
  description = "Name of the database's master user."
  value       = aws_db_instance.this.username
}

output "database_master_secret_arn" {
  description = "Secret of Secrets Manager with the master user's name and password; RDS rotates it."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "image_repository_url" {
  description = "Repository of the platform's image in ECR: image.repository of environment.yaml."
  value       = aws_ecr_repository.this["bots"].repository_url
}

output "listener_image_repository_url" {
  description = "Repository of the listener's image in ECR: listener_image_repository of the role listener."
  value       = aws_ecr_repository.this["listener"].repository_url
}

output "image_repository_arn" {
  description = "ARN of the repository of the platform's image."
  value       = aws_ecr_repository.this["bots"].arn
}

output "secrets_prefix" {
  description = "What the names of the clients' secrets begin with: aws_prefix of the collection's modules."
  value       = var.secrets_prefix
}

output "service_accounts" {
  description = "Kubernetes service accounts, each as namespace/name, that have a role by EKS Pod Identity."
  value       = var.service_accounts
}

output "listener_role_arn" {
  description = "IAM role of the listener: it reads and writes the clients' secrets and nothing else."
  value       = aws_iam_role.pod["listener"].arn
}

output "external_secrets_role_arn" {
  description = "IAM role of External Secrets: it reads the clients' secrets and nothing else."
  value       = aws_iam_role.pod["external_secrets"].arn
}

output "log_shipper_role_arn" {
  description = "IAM role of the log shipper: it writes to the bots' log group and nothing else."
  value       = aws_iam_role.pod["log_shipper"].arn
}

output "bot_log_group" {
  description = "CloudWatch log group of the bots and the listener."
  value       = aws_cloudwatch_log_group.this["bots"].name
}

output "github_actions_role_arn" {
  description = "IAM role that the workflows of the GitHub repository assume by OIDC to push images; null without a repository."
  value       = one(aws_iam_role.github_actions[*].arn)
}
