# SPDX-License-Identifier: GPL-3.0-or-later
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

variable "name" {
  type = string
}

variable "region" {
  type = string
}

variable "account_id" {
  type = string
}

variable "cluster_admin_arns" {
  type = set(string)
}

variable "size" {
  type    = number
  default = 1

  validation {
    condition     = var.size < 10
    error_message = "The size is below 10."
  }
}

resource "terraform_data" "cluster" {
  input = var.size
}

output "name" {
  value = var.name
}

output "cluster_admin_arns" {
  value = var.cluster_admin_arns
}

output "size" {
  value = terraform_data.cluster.output
}
