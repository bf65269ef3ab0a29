# SPDX-License-Identifier: GPL-3.0-or-later
terraform {
  backend "s3" {
    use_lockfile = true
  }
}

variable "name" {
  type = string
}

variable "password" {
  type      = string
  default   = "canary-of-terraform"
  sensitive = true
}

variable "flag" {
  type    = string
  default = "/"
}

resource "terraform_data" "first" {
  input = var.name
}

resource "terraform_data" "second" {
  triggers_replace = var.flag
  input            = var.password
  depends_on       = [terraform_data.first]

  provisioner "local-exec" {
    command = "test -e '${var.flag}'"
  }
}

output "name" {
  value = terraform_data.first.output
}
