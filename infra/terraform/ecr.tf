# SPDX-License-Identifier: GPL-3.0-or-later
locals {
  image_repositories = {
    bots     = var.image_repository
    listener = var.listener_image_repository
  }
}

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

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name

  # Images with a tag stay: a client's last approved state names one by its digest.
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Forget what no tag names"
      selection = {
        tagStatus   = "untagged"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = 14
      }
      action = { type = "expire" }
    }]
  })
}

moved {
  from = aws_ecr_repository.this
  to   = aws_ecr_repository.this["bots"]
}

moved {
  from = aws_ecr_lifecycle_policy.this
  to   = aws_ecr_lifecycle_policy.this["bots"]
}
