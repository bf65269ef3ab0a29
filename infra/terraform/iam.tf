# SPDX-License-Identifier: GPL-3.0-or-later
locals {
  managed_policy = "arn:${local.partition}:iam::aws:policy"
  client_secrets = "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${var.secrets_prefix}*"

  # Roles that pods get by EKS Pod Identity, and the one service account that may have each.
  pod_accounts = merge(var.service_accounts, {
    ebs_csi = "kube-system/ebs-csi-controller-sa"
    vpc_cni = "kube-system/aws-node"
  })
  pod_policies = {
    external_secrets = data.aws_iam_policy_document.external_secrets.json
    listener         = data.aws_iam_policy_document.listener.json
    log_shipper      = data.aws_iam_policy_document.log_shipper.json
  }
  pod_managed_policies = {
    ebs_csi = "service-role/AmazonEBSCSIDriverPolicy"
    vpc_cni = "AmazonEKS_CNI_Policy"
  }
  services = {
    cluster             = "eks.amazonaws.com"
    node                = "ec2.amazonaws.com"
    flow_log            = "vpc-flow-logs.amazonaws.com"
    database_monitoring = "monitoring.rds.amazonaws.com"
  }
}

data "aws_iam_policy_document" "service" {
  for_each = local.services

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value]
    }

    # EC2 and EKS assume their roles without naming what for.
    dynamic "condition" {
      for_each = contains(["flow_log", "database_monitoring"], each.key) ? [local.account_id] : []

      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "cluster" {
  name               = "${var.name}-cluster"
  description        = "The control plane of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.service["cluster"].json
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "${local.managed_policy}/AmazonEKSClusterPolicy"
}

data "aws_iam_policy_document" "cluster" {
  statement {
    sid       = "EncryptKubernetesSecrets"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants"]
    resources = [aws_kms_key.this["cluster"].arn]
  }

  # A last log line would make the group anew after a destroy, and the next apply would find its name taken.
  statement {
    sid       = "LeaveTheLogGroupToTerraform"
    effect    = "Deny"
    actions   = ["logs:CreateLogGroup"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "cluster" {
  name   = "cluster"
  role   = aws_iam_role.cluster.id
  policy = data.aws_iam_policy_document.cluster.json
}

resource "aws_iam_role" "node" {
  name               = "${var.name}-node"
  description        = "The nodes of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.service["node"].json
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset(["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"])

  role       = aws_iam_role.node.name
  policy_arn = "${local.managed_policy}/${each.value}"
}

data "aws_iam_policy_document" "pod" {
  for_each = local.pod_accounts

  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks-cluster-arn"
      values   = ["arn:${local.partition}:eks:${local.region}:${local.account_id}:cluster/${var.name}"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-namespace"
      values   = [split("/", each.value)[0]]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-service-account"
      values   = [split("/", each.value)[1]]
    }
  }
}

resource "aws_iam_role" "pod" {
  for_each = local.pod_accounts

  name               = "${var.name}-${replace(each.key, "_", "-")}"
  description        = "Pods of ${each.value} in ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.pod[each.key].json
}

resource "aws_iam_role_policy" "pod" {
  for_each = local.pod_policies

  name   = replace(each.key, "_", "-")
  role   = aws_iam_role.pod[each.key].id
  policy = each.value
}

resource "aws_iam_role_policy_attachment" "pod" {
  for_each = local.pod_managed_policies

  role       = aws_iam_role.pod[each.key].name
  policy_arn = "${local.managed_policy}/${each.value}"
}

data "aws_iam_policy_document" "listener" {
  statement {
    sid = "KeepTheClientsSecrets"
    actions = [
      "secretsmanager:CreateSecret",
      "secretsmanager:DeleteSecret",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue",
      "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = [local.client_secrets]
  }

  # A listing has names and no values, and IAM cannot confine it to a prefix.
  statement {
    sid       = "ListNamesOfSecrets"
    actions   = ["secretsmanager:ListSecrets"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "external_secrets" {
  statement {
    sid       = "ReadTheClientsSecrets"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    resources = [local.client_secrets]
  }
}

data "aws_iam_policy_document" "log_shipper" {
  statement {
    sid       = "WriteLogsOfBots"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this["bots"].arn}:*"]
  }
}

resource "aws_iam_role" "flow_log" {
  name               = "${var.name}-flow-log"
  description        = "Flow logs of the network of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.service["flow_log"].json
}

data "aws_iam_policy_document" "flow_log" {
  statement {
    sid       = "WriteFlowLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this["flow"].arn}:*"]
  }
}

resource "aws_iam_role_policy" "flow_log" {
  name   = "flow-log"
  role   = aws_iam_role.flow_log.id
  policy = data.aws_iam_policy_document.flow_log.json
}

resource "aws_iam_role" "database_monitoring" {
  name               = "${var.name}-database-monitoring"
  description        = "Metrics of the database host of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.service["database_monitoring"].json
}

resource "aws_iam_role_policy_attachment" "database_monitoring" {
  role       = aws_iam_role.database_monitoring.name
  policy_arn = "${local.managed_policy}/service-role/AmazonRDSEnhancedMonitoringRole"
}
