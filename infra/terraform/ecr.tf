# SPDX-License-Identifier: GPL-3.0-or-later
locals {
  image_repositories = {
    bots     = var.image_repository
    listener = var.listener_image_repository
  }
}

# Nothing is forgotten by age: signatures and lists of contents have no tag, and a client's last approved state names an
# image by its digest.
resource "aws_ecr_repository" "this" {
  for_each = local.image_repositories

  name                 = each.value
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.image_repository_force_delete

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.this["images"].arn
  }
}

moved {
  from = aws_ecr_repository.this
  to   = aws_ecr_repository.this["bots"]
}
