# SPDX-License-Identifier: GPL-3.0-or-later
locals {
  database_major = split(".", var.database_engine_version)[0]
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Subnets without a way to the internet"
  subnet_ids  = [for subnet in aws_subnet.database : subnet.id]
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "PostgreSQL"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-database" }
}

resource "aws_vpc_security_group_ingress_rule" "database_from_cluster" {
  security_group_id            = aws_security_group.database.id
  description                  = "PostgreSQL from nodes and pods"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = local.cluster_security_group_id
}

resource "aws_vpc_security_group_ingress_rule" "database_from_clients" {
  for_each = toset(var.database_client_cidrs)

  security_group_id = aws_security_group.database.id
  description       = "PostgreSQL from where the playbooks run"
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
  cidr_ipv4         = each.value
}

resource "aws_db_parameter_group" "this" {
  name        = "${var.name}-postgres${local.database_major}"
  family      = "postgres${local.database_major}"
  description = "A schema for each client; TLS only; no values of statements in logs"

  dynamic "parameter" {
    for_each = {
      "rds.force_ssl"                     = ["1", "immediate"]
      "max_locks_per_transaction"         = [tostring(var.database_max_locks_per_transaction), "pending-reboot"]
      "password_encryption"               = ["scram-sha-256", "immediate"]
      "rds.accepted_password_auth_method" = ["scram", "immediate"]
      "log_connections"                   = ["1", "immediate"]
      "log_disconnections"                = ["1", "immediate"]
      "log_lock_waits"                    = ["1", "immediate"]
      "log_temp_files"                    = ["10240", "immediate"]
      "log_autovacuum_min_duration"       = ["10000", "immediate"]
      "log_statement"                     = ["none", "immediate"]
      "log_parameter_max_length"          = ["0", "immediate"]
      "log_parameter_max_length_on_error" = ["0", "immediate"]
      "log_min_duration_statement"        = ["-1", "immediate"]
      "log_min_error_statement"           = ["panic", "immediate"]
      "log_error_verbosity"               = ["terse", "immediate"] # details have values of rows and, of a deadlock, statements
    }

    content {
      name         = parameter.key
      value        = parameter.value[0]
      apply_method = parameter.value[1]
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_161: clients' roles log in by SCRAM with a password of their own, which the platform makes and never shows
  identifier                  = var.name
  engine                      = "postgres"
  engine_version              = var.database_engine_version
  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
  instance_class              = var.database_instance_class
  parameter_group_name        = aws_db_parameter_group.this.name

  storage_type          = "gp3"
  allocated_storage     = var.database_storage_gib.initial
  max_allocated_storage = var.database_storage_gib.maximum
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.this["database"].arn

  db_name                       = "freqtrade_multi"
  username                      = var.database_master_username
  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.this["database"].key_id

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  port                   = 5432
  multi_az               = var.database_multi_az

  backup_retention_period   = var.database_backup_days
  backup_window             = "02:00-03:00"
  maintenance_window        = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = true
  deletion_protection       = var.database_deletion_protection
  skip_final_snapshot       = !var.database_final_snapshot
  final_snapshot_identifier = "${var.name}-${formatdate("YYYYMMDDhhmmss", plantimestamp())}"
  apply_immediately         = false

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.this["database"].arn
  performance_insights_retention_period = 7
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.database_monitoring.arn
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  # Each database has a name of its own for its last snapshot, also one that is made again after half a destroy.
  lifecycle {
    ignore_changes = [final_snapshot_identifier]
  }

  # Until the database is gone the state knows its place.
  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy_attachment.database_monitoring,
    terraform_data.place,
  ]
}
