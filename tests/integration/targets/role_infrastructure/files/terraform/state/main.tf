# SPDX-License-Identifier: GPL-3.0-or-later
# A bucket without the AWS provider, which takes seconds for each run. Like the real configuration it takes over a bucket
# that is there.
variable "name" {
  type = string
}

variable "region" {
  type = string
}

variable "account_id" {
  type = string
}

variable "exists" {
  type    = bool
  default = false
}

variable "force_delete" {
  type    = bool
  default = false
}

locals {
  bucket = "${var.name}-state-${var.account_id}-${var.region}"
}

resource "terraform_data" "bucket" {
  input = local.bucket

  provisioner "local-exec" {
    command = "python ${path.module}/bucket.py ${var.exists ? "look" : "make"} ${local.bucket}"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "python ${path.module}/bucket.py delete ${self.input}"
  }
}
