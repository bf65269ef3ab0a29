# SPDX-License-Identifier: GPL-3.0-or-later
variable "name" {
  description = "Name of the platform: of the cluster, and what the names of everything else begin with."
  type        = string
  default     = "bot-freqtrade"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9])+$", var.name)) && length(var.name) >= 3 && length(var.name) <= 24
    error_message = "The name has 3 to 24 characters: lower-case letters, digits and single hyphens, a letter first and no hyphen last."
  }
}

variable "region" {
  description = "AWS region of everything, such as eu-central-1. A state stays in the region that it was first applied to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(af|ap|ca|eu|il|me|mx|sa|us)(-gov)?-(central|north|south|east|west|northeast|northwest|southeast|southwest)-[1-9]$", var.region))
    error_message = "The region is a name such as eu-central-1, without the letter of a zone."
  }
}

variable "account_id" {
  description = "The twelve digits of the AWS account. Credentials of any other account are refused."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "The account id has twelve digits, in quotes."
  }
}

variable "tags" {
  description = "Tags that every resource gets besides the platform's own, such as a cost centre."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "aws:") && !startswith(key, "bot-freqtrade/")])
    error_message = "Tags that begin with aws: or bot-freqtrade/ are not yours to set."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network, divided into three private, three public and three database subnets."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(cidrhost(var.vpc_cidr, 0) == split("/", var.vpc_cidr)[0], false)
    error_message = "The network is an IPv4 CIDR without host bits, such as 10.0.0.0/16."
  }
  validation {
    condition     = try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 20, false)
    error_message = "The network is between /16 and /20: AWS takes none larger, and in a smaller one the pods run out of addresses."
  }
  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.vpc_cidr))
    error_message = "The network is private: in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, which the bots' network policy keeps them from."
  }
}

variable "availability_zones" {
  description = "Three zones of the region. Empty: its zones a, b and c."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = contains([0, 3], length(var.availability_zones)) && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "Name three different zones, or none."
  }
  validation {
    condition     = alltrue([for zone in var.availability_zones : can(regex("^${var.region}[a-z]$", zone))])
    error_message = "Each zone is the region's name and a letter, such as eu-central-1a."
  }
}

variable "nat_gateway_per_zone" {
  description = "Whether each zone has a NAT gateway of its own; otherwise all share one, and its zone's end cuts every bot off."
  type        = bool
  default     = true
  nullable    = false
}

variable "interface_endpoints" {
  description = "Services that the network reaches without the internet, besides S3. Each one is paid for per zone and hour."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sts"]
  nullable    = false

  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)*$", service))])
    error_message = "A service is the last part of its endpoint's name, such as ecr.api."
  }
}

variable "log_retention_days" {
  description = "Days that logs of the control plane, the network, the database and the bots are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "key_deletion_days" {
  description = "Days between the destruction of a KMS key and its end, in which it can be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30 && floor(var.key_deletion_days) == var.key_deletion_days
    error_message = "KMS waits 7 to 30 days."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes version of the control plane and the nodes. It is raised one minor at a time and never lowered."
  type        = string
  default     = "1.34"
  nullable    = false

  validation {
    condition     = can(regex("^1\\.(3[3-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "The version is a minor one from 1.33 on, such as 1.34."
  }
}

variable "kubernetes_support" {
  description = "What EKS does when standard support of the version ends: STANDARD upgrades the cluster, EXTENDED keeps it for six times the price."
  type        = string
  default     = "STANDARD"
  nullable    = false

  validation {
    condition     = contains(["STANDARD", "EXTENDED"], var.kubernetes_support)
    error_message = "The support is STANDARD or EXTENDED."
  }
}

variable "api_allowed_cidrs" {
  description = "Public addresses that may reach the Kubernetes API. Empty: it is reached from inside the network only."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.api_allowed_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]) >= 16, false)])
    error_message = "Each entry is an IPv4 CIDR of /16 or smaller, such as 198.51.100.7/32: an allow-list of everybody is none."
  }
}

variable "cluster_admin_arns" {
  description = "IAM roles or users that administer Kubernetes. The one that runs the playbooks must be among them: nobody else gets in."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.cluster_admin_arns) > 0
    error_message = "Name at least one administrator, or nobody can reach the cluster."
  }
  validation {
    condition     = alltrue([for arn in var.cluster_admin_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "Each one is the ARN of an IAM role or user; for an assumed role name the role, not the session."
  }
}

variable "node_groups" {
  description = "Managed node groups by name. A tainted group takes only pods that tolerate dedicated=<its name>; spot suits work that may be interrupted."
  type = map(object({
    instance_types = list(string)
    capacity_type  = optional(string, "ON_DEMAND")
    min_size       = number
    max_size       = number
    disk_gib       = optional(number, 50)
    tainted        = optional(bool, false)
  }))
  default = {
    bots = {
      instance_types = ["m7i.large"]
      min_size       = 3
      max_size       = 12
    }
    backtests = {
      instance_types = ["c7i.2xlarge", "c6i.2xlarge", "m7i.2xlarge", "m6i.2xlarge"]
      capacity_type  = "SPOT"
      min_size       = 0
      max_size       = 6
      disk_gib       = 100
      tainted        = true
    }
  }
  nullable = false

  validation {
    condition     = alltrue([for name, group in var.node_groups : can(regex("^[a-z][a-z0-9-]{0,19}$", name))])
    error_message = "A group's name has up to 20 lower-case letters, digits and hyphens, a letter first."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["ON_DEMAND", "SPOT"], group.capacity_type) && length(group.instance_types) > 0])
    error_message = "Each group has instance types and the capacity type ON_DEMAND or SPOT."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.min_size >= 0 && group.max_size >= max(1, group.min_size) && group.disk_gib >= 20])
    error_message = "Each group has 0 <= min_size <= max_size, at least one node at most, and disks of 20 GiB or more."
  }
  validation {
    condition     = anytrue([for group in values(var.node_groups) : group.capacity_type == "ON_DEMAND" && !group.tainted && group.min_size > 0])
    error_message = "At least one group is on demand, not tainted, and never empty: the platform itself and the bots live there."
  }
}

variable "addon_versions" {
  description = "Versions of EKS add-ons by name. One that is not named gets EKS's default for the Kubernetes version."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.addon_versions), ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"])) == 0
    error_message = "The add-ons are aws-ebs-csi-driver, coredns, eks-pod-identity-agent, kube-proxy and vpc-cni."
  }
  validation {
    condition     = alltrue([for version in values(var.addon_versions) : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "A version is such as v1.20.4-eksbuild.2."
  }
}

variable "service_accounts" {
  description = "Kubernetes service accounts, each as namespace/name, that get their IAM roles by EKS Pod Identity."
  type = object({
    listener         = optional(string, "platform/listener")
    external_secrets = optional(string, "external-secrets/external-secrets")
    log_shipper      = optional(string, "logging/fluent-bit")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for account in values(var.service_accounts) : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", account))])
    error_message = "A service account is written namespace/name."
  }
  validation {
    condition     = length(distinct(values(var.service_accounts))) == length(values(var.service_accounts))
    error_message = "Each service account gets one role only."
  }
}

variable "secrets_prefix" {
  description = "What the names of the clients' secrets in Secrets Manager begin with: aws_prefix of the collection's modules."
  type        = string
  default     = "bot_freqtrade/"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/$", var.secrets_prefix))
    error_message = "The prefix ends with a slash and has no wildcard, or roles could reach other secrets of the account."
  }
}

variable "database_engine_version" {
  description = "PostgreSQL version: a major one, whose minor versions RDS then chooses and raises by itself, or a full one."
  type        = string
  default     = "17"
  nullable    = false

  validation {
    condition     = can(regex("^1[5-8](\\.[0-9]+)?$", var.database_engine_version))
    error_message = "The platform is tested on PostgreSQL 15 to 18: name one of them, such as 17 or 17.6."
  }
}

variable "database_instance_class" {
  description = "RDS instance class."
  type        = string
  default     = "db.m7g.large"
  nullable    = false

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.database_instance_class))
    error_message = "The class is such as db.m7g.large."
  }
}

variable "database_storage_gib" {
  description = "GiB of the database's disk at the start, and how far RDS may let it grow."
  type        = object({ initial = number, maximum = number })
  default     = { initial = 50, maximum = 500 }
  nullable    = false

  validation {
    condition     = var.database_storage_gib.initial >= 20 && var.database_storage_gib.maximum >= ceil(var.database_storage_gib.initial * 1.1)
    error_message = "The disk begins with 20 GiB or more, and RDS wants the maximum to be at least a tenth above."
  }
}

variable "database_multi_az" {
  description = "Whether a standby in another zone takes over when the database's zone or host fails."
  type        = bool
  default     = true
  nullable    = false
}

variable "database_backup_days" {
  description = "Days back to which the database can be restored to any second."
  type        = number
  default     = 35
  nullable    = false

  validation {
    condition     = var.database_backup_days >= 7 && var.database_backup_days <= 35 && floor(var.database_backup_days) == var.database_backup_days
    error_message = "Backups are kept for 7 to 35 days."
  }
}

variable "database_deletion_protection" {
  description = "Whether RDS refuses to delete the database. Apply false before a destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "database_final_snapshot" {
  description = "Whether a destroy leaves a last snapshot of the database behind. Apply a change of it before a destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "database_master_username" {
  description = "Name of the database's master user, whose password Secrets Manager makes, keeps and rotates."
  type        = string
  default     = "platform_master"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{2,30}$", var.database_master_username)) && !contains(["admin", "postgres", "rdsadmin"], var.database_master_username) && !startswith(var.database_master_username, "cliente_")
    error_message = "The name has 3 to 31 lower-case letters, digits and underscores, is none that RDS reserves, and none of a client."
  }
}

variable "database_client_cidrs" {
  description = "Private addresses besides the cluster's pods that may reach the database, such as a VPN's from which the playbooks run."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.database_client_cidrs : try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "Each entry is an IPv4 CIDR without host bits, such as 10.99.0.0/24."
  }
  validation {
    condition     = alltrue([for cidr in var.database_client_cidrs : can(regex("^(10\\..*/([89]|[12][0-9]|3[0-2])|172\\.(1[6-9]|2[0-9]|3[01])\\..*/(1[2-9]|2[0-9]|3[0-2])|192\\.168\\..*/(1[6-9]|2[0-9]|3[0-2]))$", cidr))])
    error_message = "Each entry is in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16: the database has no public address."
  }
}

variable "database_max_locks_per_transaction" {
  description = "max_locks_per_transaction: a dump locks each table of each client's schema at once, which the server's default of 64 does not hold."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.database_max_locks_per_transaction >= 256 && var.database_max_locks_per_transaction <= 8192 && floor(var.database_max_locks_per_transaction) == var.database_max_locks_per_transaction
    error_message = "It is a whole number between 256 and 8192."
  }
}

variable "image_repository" {
  description = "Name of the ECR repository of the platform's image."
  type        = string
  default     = "freqtrade-platform"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.image_repository)) && length(var.image_repository) >= 2
    error_message = "The name has lower-case letters and digits, with single dots, hyphens, underscores or slashes between them."
  }
}

variable "listener_image_repository" {
  description = "Name of the ECR repository of the listener's image."
  type        = string
  default     = "freqtrade-listener"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.listener_image_repository)) && length(var.listener_image_repository) >= 2
    error_message = "The name has lower-case letters and digits, with single dots, hyphens, underscores or slashes between them."
  }
}

variable "image_repository_force_delete" {
  description = "Whether a destroy deletes the repositories with the images in them. Apply true before a destroy."
  type        = bool
  default     = false
  nullable    = false
}

variable "github_repository" {
  description = "GitHub repository, as owner/name, whose workflows push images. Null: no role for GitHub."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "The repository is written owner/name, without wildcards."
  }
}

variable "github_subjects" {
  description = "What of the repository may push images: ends of the token's subject, such as ref:refs/heads/main or environment:production."
  type        = list(string)
  default     = ["ref:refs/heads/main"]
  nullable    = false

  validation {
    condition     = length(var.github_subjects) > 0 && alltrue([for subject in var.github_subjects : can(regex("^(ref:refs/(heads|tags)/[A-Za-z0-9._/-]+|environment:[A-Za-z0-9._-]+)$", subject))])
    error_message = "A subject is ref:refs/heads/<branch>, ref:refs/tags/<tag> or environment:<name>; pull requests and wildcards are refused."
  }
}

variable "github_oidc_provider_arn" {
  description = "ARN of the account's identity provider for GitHub, of which there can be one only. Null: it is made here."
  type        = string
  default     = null

  validation {
    condition     = var.github_oidc_provider_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.github_oidc_provider_arn))
    error_message = "The ARN ends with oidc-provider/token.actions.githubusercontent.com."
  }
}
