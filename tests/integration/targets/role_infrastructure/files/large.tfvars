# SPDX-License-Identifier: GPL-3.0-or-later
name   = "demo"
region = "eu-central-1"

cluster_admin_arns = ["arn:aws:iam::123456789012:role/operators"]
size               = 2
