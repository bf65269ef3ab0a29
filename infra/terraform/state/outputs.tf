# SPDX-License-Identifier: GPL-3.0-or-later
output "bucket" {
  description = "Name of the bucket that keeps the platform's state."
  value       = aws_s3_bucket.this.bucket
}

output "backend_config" {
  description = "What terraform init of the platform takes by -backend-config."
  value = {
    bucket = aws_s3_bucket.this.bucket
    key    = "${var.name}/terraform.tfstate"
    region = var.region
  }
}
