# SPDX-License-Identifier: GPL-3.0-or-later
# Some hundred bots; the end of any one zone is survived.
#
# What it costs each month, the largest first (look the prices of your region up):
#   nodes                                        nine m7i.xlarge, always on, about 28 bots each; reserve them for a year
#                                                to save a third; spot nodes only while backtests run
#   the database                                 db.m7g.xlarge twice: one and its standby; 200 GiB of gp3 twice
#   the EKS control plane                        one; six times as much once its version has extended support only
#   secrets and KMS keys                         three secrets or more for each client; four keys
#   interface endpoints                          five services in three zones are fifteen
#   NAT gateways                                 three, by the hour and by the GiB that passes: exchanges most of all
#   logs                                         by the GiB taken in: flow logs and the control plane's audit most of all
#   the load balancer                            one that Traefik makes, by the hour and by what passes
#   public IPv4 addresses                        six: those of the NAT gateways, and the load balancer's in each zone
#   traffic between zones                        by the GiB: bots to the database
#   volumes, backups of 35 days, images          by the GiB; no image is deleted by itself
name       = "bot-freqtrade"
region     = "eu-central-1"
account_id = "123456789012"
tags       = { cost-centre = "trading" }

# The IAM role that runs the playbooks, inside the network: the API has no public endpoint.
cluster_admin_arns    = ["arn:aws:iam::123456789012:role/platform-admin"]
database_client_cidrs = ["10.200.0.0/24"]

kubernetes_version = "1.34"
kubernetes_support = "EXTENDED"

# To raise min_size above the nodes that run, scale the group first: see docs/terraform.md.
node_groups = {
  bots = {
    instance_types = ["m7i.xlarge"]
    min_size       = 9
    max_size       = 24
  }
  backtests = {
    instance_types = ["c7i.4xlarge", "c6i.4xlarge", "m7i.4xlarge", "m6i.4xlarge"]
    capacity_type  = "SPOT"
    min_size       = 0
    max_size       = 10
    disk_gib       = 100
    tainted        = true
  }
}

database_engine_version            = "17"
database_instance_class            = "db.m7g.xlarge"
database_storage_gib               = { initial = 200, maximum = 2000 }
database_max_locks_per_transaction = 1024

github_repository = "example/gitops"
github_subjects   = ["ref:refs/heads/main"]
