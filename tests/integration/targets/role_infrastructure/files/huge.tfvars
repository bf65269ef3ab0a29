# SPDX-License-Identifier: GPL-3.0-or-later
cluster_admin_arns = ["arn:aws:iam::123456789012:role/operators"]
size               = 20
