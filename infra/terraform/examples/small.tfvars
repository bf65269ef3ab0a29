# SPDX-License-Identifier: GPL-3.0-or-later
# A trial with up to about 20 bots: what fails in one zone may stop it for a while, and the data stays safe.
# A bot asks for 0.1 CPU and 448 MiB; addons, listener and EKS's own for 3.6 of the nodes' 5.8 CPUs, and 8 of 21 GiB.
#
# What it costs each month, the largest first (look the prices of your region up):
#   nodes                                        three t3.large, always on; spot nodes only while backtests run
#   the EKS control plane                        one
#   the database                                 one db.t4g.medium without a standby, 20 GiB of gp3
#   the NAT gateway                              one, by the hour and by the GiB that passes: images, exchanges, logs
#   secrets and KMS keys                         three secrets or more for each client; four keys
#   volumes                                      50 GiB for each node, and twice 50 GiB for Prometheus
#   the load balancer                            one that Traefik makes, by the hour and by what passes
#   public IPv4 addresses                        four: the NAT gateway's, and the load balancer's in each zone
#   logs                                         by the GiB taken in: flow logs and the control plane's audit most of all
#   backups and images                           by the GiB; no image is deleted by itself
name       = "bot-freqtrade-small"
region     = "eu-central-1"
account_id = "123456789012"

# The IAM role or user that runs the playbooks.
cluster_admin_arns = ["arn:aws:iam::123456789012:role/platform-admin"]

# Your own address, when the playbooks run outside the network.
api_allowed_cidrs = ["198.51.100.7/32"]

nat_gateway_per_zone = false
interface_endpoints  = []
log_retention_days   = 90

# To raise min_size above the nodes that run, scale the group first: see docs/terraform.md.
node_groups = {
  bots = {
    instance_types = ["t3.large"]
    min_size       = 3
    max_size       = 4
  }
  backtests = {
    instance_types = ["c6i.xlarge", "c5.xlarge", "m6i.xlarge"]
    capacity_type  = "SPOT"
    min_size       = 0
    max_size       = 2
    tainted        = true
  }
}

database_instance_class = "db.t4g.medium"
database_storage_gib    = { initial = 20, maximum = 100 }
database_multi_az       = false
