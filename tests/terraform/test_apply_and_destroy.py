# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The whole infrastructure, applied by the AWS provider to a stand-in, looked at with boto3, and destroyed.

The tests run in their order, because an apply takes a minute and a half.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support import aws, terraform
from ansible_collections.bot_freqtrade.platform.tests.support.aws import ACCOUNT, REGION

NAME = "shop"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/platform-admin"
VARIABLES: dict[str, t.Any] = {
    "name": NAME,
    "region": REGION,
    "account_id": ACCOUNT,
    "cluster_admin_arns": [ADMIN],
    "github_repository": "example/gitops",
    "api_allowed_cidrs": ["198.51.100.7/32"],
    "database_client_cidrs": ["10.99.0.0/24"],
    "database_deletion_protection": False,
    "database_final_snapshot": False,
    "image_repository_force_delete": True,
}
RESOURCES = 106

FORGOTTEN_BY_MOTO = {
    "aws_db_instance.this": {
        "performance_insights_enabled",
        "performance_insights_kms_key_id",
        "performance_insights_retention_period",
    },
    "aws_vpc_security_group_ingress_rule.database_from_cluster": {"description"},
}
"""Attributes that a second plan would change, because the stand-in does not tell what it was told."""

pytestmark = pytest.mark.timeout(1500)


class Platform(t.NamedTuple):
    terraform: terraform.Terraform
    bucket: str
    state_key: str
    outputs: dict[str, t.Any]
    planned: dict[str, list[str]]


@pytest.fixture(scope="module")
def platform(stand_in: aws.Aws, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder = tmp_path_factory.mktemp("terraform")
    state = terraform.Terraform.copy_of(terraform.ROOT / "state", folder / "state", stand_in.environment)
    state.init()
    state.variables(name=NAME, region=REGION, account_id=ACCOUNT)
    state.run("apply", "-auto-approve", "-input=false", "-no-color")
    backend = state.outputs()["backend_config"]
    main = terraform.Terraform.copy_of(terraform.ROOT, folder / "platform", stand_in.environment)
    main.init(**backend)
    main.variables(**VARIABLES)
    planned = terraform.changes(main.plan())
    main.apply()
    return Platform(main, backend["bucket"], backend["key"], main.outputs(), planned)


def test_everything_planned_is_there(platform: Platform) -> None:
    assert set(map(tuple, platform.planned.values())) == {("create",)}
    assert sorted(platform.terraform.resources()) == sorted(platform.planned)
    assert len(platform.planned) == RESOURCES


def test_the_network_is_the_one_told(platform: Platform, stand_in: aws.Aws) -> None:
    told, ec2 = platform.outputs, stand_in.client("ec2")
    (vpc,) = ec2.describe_vpcs(VpcIds=[told["vpc_id"]])["Vpcs"]
    assert told["vpc_cidr"] == vpc["CidrBlock"]
    of_vpc = [{"Name": "vpc-id", "Values": [told["vpc_id"]]}]
    subnets = {subnet["SubnetId"]: subnet for subnet in ec2.describe_subnets(Filters=of_vpc)["Subnets"]}
    kinds = ("private_subnet_ids", "public_subnet_ids", "database_subnet_ids")
    assert sorted(subnets) == sorted(identifier for kind in kinds for identifier in told[kind])
    for kind in kinds:
        assert [subnets[each]["AvailabilityZone"] for each in told[kind]] == told["availability_zones"]
    cidrs = [subnets[each]["CidrBlock"] for each in told["database_subnet_ids"]]
    assert cidrs == told["database_subnet_cidrs"]
    gateways = ec2.describe_nat_gateways(Filters=of_vpc)["NatGateways"]
    addresses = [gateway["NatGatewayAddresses"][0]["PublicIp"] for gateway in gateways]
    assert sorted(addresses) == sorted(told["nat_public_ips"])
    assert len(addresses) == 3


def test_only_the_database_subnets_have_no_way_out(platform: Platform, stand_in: aws.Aws) -> None:
    told, ec2 = platform.outputs, stand_in.client("ec2")
    for kind, way in (("private", "NatGatewayId"), ("public", "GatewayId"), ("database", None)):
        for subnet in told[f"{kind}_subnet_ids"]:
            filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
            (table,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
            out = [each for each in table["Routes"] if each.get("DestinationCidrBlock") == "0.0.0.0/0"]
            assert [way in each for each in out] == ([] if way is None else [True])


def test_services_are_reached_inside_the_network(platform: Platform, stand_in: aws.Aws) -> None:
    filters = [{"Name": "vpc-id", "Values": [platform.outputs["vpc_id"]]}]
    endpoints = stand_in.client("ec2").describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
    services = {each["ServiceName"].removeprefix(f"com.amazonaws.{REGION}.") for each in endpoints}
    assert services == {"s3", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sts"}


def test_the_cluster_is_the_one_told(platform: Platform, stand_in: aws.Aws) -> None:
    told = platform.outputs
    cluster = stand_in.client("eks").describe_cluster(name=told["cluster_name"])["cluster"]
    assert cluster["arn"] == f"arn:aws:eks:{told['region']}:{told['account_id']}:cluster/{told['name']}"
    assert told["cluster_endpoint"] == cluster["endpoint"]
    assert told["cluster_ca_data"] == cluster["certificateAuthority"]["data"]
    assert told["cluster_version"] == cluster["version"]
    network = cluster["resourcesVpcConfig"]
    assert told["cluster_security_group_id"] == network["clusterSecurityGroupId"]
    assert network["endpointPrivateAccess"] is True
    assert network["publicAccessCidrs"] == ["198.51.100.7/32"]
    assert cluster["encryptionConfig"][0]["resources"] == ["secrets"]
    assert cluster["accessConfig"]["authenticationMode"] == "API"


def test_only_the_named_administrators_get_in(platform: Platform, stand_in: aws.Aws) -> None:
    eks, cluster = stand_in.client("eks"), platform.outputs["cluster_name"]
    assert eks.list_access_entries(clusterName=cluster)["accessEntries"] == [ADMIN]
    policies = eks.list_associated_access_policies(clusterName=cluster, principalArn=ADMIN)
    (policy,) = policies["associatedAccessPolicies"]
    assert policy["policyArn"].endswith("/AmazonEKSClusterAdminPolicy")


def test_network_policies_are_enforced_by_the_network_addon(platform: Platform, stand_in: aws.Aws) -> None:
    eks, cluster = stand_in.client("eks"), platform.outputs["cluster_name"]
    names = {"vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent", "aws-ebs-csi-driver"}
    assert set(eks.list_addons(clusterName=cluster)["addons"]) == names
    addon = eks.describe_addon(clusterName=cluster, addonName="vpc-cni")["addon"]
    assert json.loads(addon["configurationValues"]) == {"enableNetworkPolicy": "true"}


def test_nodes_answer_only_tokens_of_their_own_host(platform: Platform, stand_in: aws.Aws) -> None:
    eks, ec2, told = stand_in.client("eks"), stand_in.client("ec2"), platform.outputs
    assert set(told["node_groups"]) == {"bots", "backtests"}
    for name in told["node_groups"].values():
        asked = {"clusterName": told["cluster_name"], "nodegroupName": name}
        group = eks.describe_nodegroup(**asked)["nodegroup"]
        assert group["nodeRole"] == told["node_role_arn"]
        template = group["launchTemplate"]
        (version,) = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["id"], Versions=[template["version"]]
        )["LaunchTemplateVersions"]
        metadata = version["LaunchTemplateData"]["MetadataOptions"]
        assert (metadata["HttpTokens"], metadata["HttpPutResponseHopLimit"]) == ("required", 1)


def test_backtests_run_on_spot_nodes_of_their_own(platform: Platform, stand_in: aws.Aws) -> None:
    told = platform.outputs
    group = stand_in.client("eks").describe_nodegroup(
        clusterName=told["cluster_name"], nodegroupName=told["node_groups"]["backtests"]
    )["nodegroup"]
    assert group["capacityType"] == "SPOT"
    assert group["taints"] == [{"key": "dedicated", "value": "backtests", "effect": "NO_SCHEDULE"}]


def test_the_database_is_the_one_told(platform: Platform, stand_in: aws.Aws) -> None:
    told = platform.outputs
    found = stand_in.client("rds").describe_db_instances(DBInstanceIdentifier=told["database_identifier"])
    (database,) = found["DBInstances"]
    assert (told["database_host"], told["database_port"]) == (
        database["Endpoint"]["Address"],
        database["Endpoint"]["Port"],
    )
    assert told["database_name"] == database["DBName"] == "freqtrade_multi"
    assert told["database_master_username"] == database["MasterUsername"]
    assert told["database_master_secret_arn"] == database["MasterUserSecret"]["SecretArn"]
    assert database["StorageEncrypted"] is True
    assert database["MultiAZ"] is True
    assert database["PubliclyAccessible"] is False
    assert database["BackupRetentionPeriod"] == 35


def test_the_password_is_where_the_output_says_and_not_in_the_state(
    platform: Platform, stand_in: aws.Aws
) -> None:
    secret = stand_in.client("secretsmanager").get_secret_value(
        SecretId=platform.outputs["database_master_secret_arn"]
    )
    password = json.loads(secret["SecretString"])["password"]
    state = stand_in.client("s3").get_object(Bucket=platform.bucket, Key=platform.state_key)["Body"].read()
    assert b"freqtrade_multi" in state
    assert password.encode() not in state


def test_the_database_refuses_plain_connections_and_logs_no_values(
    platform: Platform, stand_in: aws.Aws
) -> None:
    parameters = stand_in.client("rds").describe_db_parameters(DBParameterGroupName=f"{NAME}-postgres17")
    values = {each["ParameterName"]: each["ParameterValue"] for each in parameters["Parameters"]}
    assert values["rds.force_ssl"] == "1"
    assert values["max_locks_per_transaction"] == "512"
    assert values["log_statement"] == "none"
    assert values["log_min_duration_statement"] == "-1"
    assert (values["log_min_error_statement"], values["log_error_verbosity"]) == ("panic", "terse")
    assert values["log_parameter_max_length"] == values["log_parameter_max_length_on_error"] == "0"


def test_only_the_cluster_and_the_named_network_reach_the_database(
    platform: Platform, stand_in: aws.Aws
) -> None:
    rds, ec2 = stand_in.client("rds"), stand_in.client("ec2")
    (database,) = rds.describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"]
    (group,) = database["VpcSecurityGroups"]
    rules = ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group["VpcSecurityGroupId"]]}]
    )["SecurityGroupRules"]
    sources = {
        rule.get("CidrIpv4") or rule["ReferencedGroupInfo"]["GroupId"]
        for rule in rules
        if not rule["IsEgress"]
    }
    assert sources == {platform.outputs["cluster_security_group_id"], "10.99.0.0/24"}
    assert {(rule["FromPort"], rule["ToPort"]) for rule in rules if not rule["IsEgress"]} == {(5432, 5432)}


def test_images_are_scanned_and_they_and_their_tags_stay(platform: Platform, stand_in: aws.Aws) -> None:
    names, ecr = ["freqtrade-platform", "freqtrade-listener"], stand_in.client("ecr")
    found = ecr.describe_repositories(repositoryNames=names)
    bots, listener = sorted(found["repositories"], key=lambda each: names.index(each["repositoryName"]))
    assert platform.outputs["image_repository_url"] == bots["repositoryUri"]
    assert platform.outputs["image_repository_arn"] == bots["repositoryArn"]
    assert platform.outputs["listener_image_repository_url"] == listener["repositoryUri"]
    for repository in (bots, listener):
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
        with pytest.raises(ecr.exceptions.LifecyclePolicyNotFoundException):
            ecr.get_lifecycle_policy(repositoryName=repository["repositoryName"])


def statements(stand_in: aws.Aws, role: str) -> list[dict[str, t.Any]]:
    """Return all that the role's own policies say; there must be no attached ones."""
    iam = stand_in.client("iam")
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    found: list[dict[str, t.Any]] = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        found += document["Statement"]
    return found


SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:bot_freqtrade/*"
BOT_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/bot-freqtrade/{NAME}/bots:*"
IMAGES = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/freqtrade-platform"


@pytest.mark.parametrize(
    ("output", "resource", "everywhere"),
    [
        ("listener_role_arn", SECRETS, ["secretsmanager:ListSecrets"]),
        ("external_secrets_role_arn", SECRETS, []),
        ("log_shipper_role_arn", BOT_LOGS, []),
        ("github_actions_role_arn", IMAGES, ["ecr:GetAuthorizationToken"]),
    ],
)
def test_a_role_reaches_its_own_part_only(
    platform: Platform, stand_in: aws.Aws, output: str, resource: str, everywhere: list[str]
) -> None:
    role = platform.outputs[output].rpartition("/")[2]
    reached: dict[str, set[str]] = {}
    for statement in statements(stand_in, role):
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        reached.setdefault(statement["Resource"], set()).update(
            [actions] if isinstance(actions, str) else actions
        )
    assert reached.pop("*", set()) == set(everywhere)
    assert set(reached) == {resource}
    assert not any("*" in action for action in reached[resource])


def test_logs_and_secrets_are_where_the_outputs_say(platform: Platform, stand_in: aws.Aws) -> None:
    told, logs = platform.outputs, stand_in.client("logs")
    (group,) = logs.describe_log_groups(logGroupNamePrefix=told["bot_log_group"])["logGroups"]
    (shipper,) = statements(stand_in, f"{NAME}-log-shipper")
    assert shipper["Resource"] == f"{group['arn'].removesuffix(':*')}:*"
    (reader,) = statements(stand_in, f"{NAME}-external-secrets")
    assert reader["Resource"].endswith(f":secret:{told['secrets_prefix']}*")


def test_external_secrets_only_reads(platform: Platform, stand_in: aws.Aws) -> None:
    (statement,) = statements(stand_in, f"{NAME}-external-secrets")
    assert sorted(statement["Action"]) == ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]


def test_a_pod_role_is_for_one_service_account_of_this_cluster(platform: Platform, stand_in: aws.Aws) -> None:
    accounts = dict(platform.outputs["service_accounts"])
    accounts |= {"vpc_cni": "kube-system/aws-node", "ebs_csi": "kube-system/ebs-csi-controller-sa"}
    eks = stand_in.client("eks")
    for key, account in accounts.items():
        role = stand_in.client("iam").get_role(RoleName=f"{NAME}-{key.replace('_', '-')}")["Role"]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        namespace, name = account.split("/")
        assert statement["Condition"]["StringEquals"] == {
            "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{NAME}",
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": name,
        }
    associations = eks.list_pod_identity_associations(clusterName=NAME)["associations"]
    found = {f"{each['namespace']}/{each['serviceAccount']}" for each in associations}
    assert found == set(accounts.values())


def test_github_gets_in_from_one_branch_of_one_repository(platform: Platform, stand_in: aws.Aws) -> None:
    role = stand_in.client("iam").get_role(RoleName=f"{NAME}-github-actions")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    issuer = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert statement["Principal"] == {"Federated": issuer}
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:example/gitops:ref:refs/heads/main",
        }
    }


@pytest.mark.parametrize(
    ("role", "service"), [("flow-log", "vpc-flow-logs"), ("database-monitoring", "monitoring.rds")]
)
def test_a_service_assumes_its_role_for_this_account_only(
    platform: Platform, stand_in: aws.Aws, role: str, service: str
) -> None:
    document = stand_in.client("iam").get_role(RoleName=f"{platform.outputs['name']}-{role}")["Role"]
    (statement,) = document["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def keys(stand_in: aws.Aws) -> dict[str, str]:
    """Return the identifiers of the platform's keys by the parts that they are for."""
    aliases = stand_in.client("kms").list_aliases()["Aliases"]
    ours = [each for each in aliases if each["AliasName"].startswith(f"alias/{NAME}-")]
    return {each["AliasName"].removeprefix(f"alias/{NAME}-"): each["TargetKeyId"] for each in ours}


def test_the_control_plane_uses_its_key_and_makes_no_log_group(platform: Platform, stand_in: aws.Aws) -> None:
    cluster = stand_in.client("eks").describe_cluster(name=platform.outputs["cluster_name"])["cluster"]
    policy = stand_in.client("iam").get_role_policy(RoleName=f"{NAME}-cluster", PolicyName="cluster")
    allowed, denied = policy["PolicyDocument"]["Statement"]
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert allowed["Resource"] == cluster["encryptionConfig"][0]["provider"]["keyArn"]
    assert allowed["Resource"].endswith(keys(stand_in)["cluster"])
    assert (denied["Action"], denied["Resource"]) == ("logs:CreateLogGroup", "*")


def test_keys_are_the_accounts_and_one_encrypts_the_logs_of_this_platform(
    platform: Platform, stand_in: aws.Aws
) -> None:
    kms, others = stand_in.client("kms"), dict[str, list[t.Any]]()
    for part, key in keys(stand_in).items():
        policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        account, *others[part] = policy["Statement"]
        assert account["Principal"] == {"AWS": f"arn:aws:iam::{platform.outputs['account_id']}:root"}
    (logs,) = others.pop("logs")
    assert others == {"cluster": [], "database": [], "images": []}
    assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    groups = [each["logGroupName"] for each in stand_in.client("logs").describe_log_groups()["logGroups"]]
    assert list(logs["Condition"]) == ["ArnEquals"]
    (arns,) = logs["Condition"]["ArnEquals"].values()
    assert sorted(arns) == sorted(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}" for name in groups)


def test_access_to_the_cluster_outlives_its_nodes(platform: Platform, stand_in: aws.Aws) -> None:
    kept = stand_in.client("s3").get_object(Bucket=platform.bucket, Key=platform.state_key)["Body"]
    before = {
        f"{each['type']}.{each['name']}": each["instances"][0].get("dependencies", [])
        for each in json.load(kept)["resources"]
    }
    assert "terraform_data.access" in before["aws_eks_node_group.this"]
    assert "aws_eks_access_policy_association.admin" in before["terraform_data.access"]


def test_nobody_has_a_long_lived_key(platform: Platform, stand_in: aws.Aws) -> None:
    assert stand_in.client("iam").list_users()["Users"] == []


def test_a_second_plan_has_nothing_to_do(platform: Platform) -> None:
    assert platform.outputs
    plan = platform.terraform.plan()
    assert terraform.changes(plan) == {address: ["update"] for address in FORGOTTEN_BY_MOTO}
    assert terraform.attributes(plan) == FORGOTTEN_BY_MOTO


def test_a_state_of_another_place_is_refused(platform: Platform) -> None:
    with pytest.raises(terraform.TerraformFailed) as failed:
        platform.terraform.plan("-refresh=false", "-var=region=eu-west-1", "-var=name=other")
    assert f"This state belongs to the region {REGION}, not eu-west-1" in words(failed)
    assert f"This state belongs to the platform {NAME}, not other" in words(failed)


def test_another_account_is_refused(platform: Platform) -> None:
    with pytest.raises(terraform.TerraformFailed) as failed:
        platform.terraform.plan("-var=account_id=210987654321")
    assert f"AWS account ID not allowed: {ACCOUNT}" in words(failed)


def test_a_state_that_somebody_works_on_is_left_alone(platform: Platform, stand_in: aws.Aws) -> None:
    s3, lock = stand_in.client("s3"), f"{platform.state_key}.tflock"
    holder = {"ID": "3f0c", "Operation": "OperationTypeApply", "Who": "somebody@elsewhere", "Path": "x"}
    s3.put_object(Bucket=platform.bucket, Key=lock, Body=json.dumps(holder).encode())
    try:
        with pytest.raises(terraform.TerraformFailed) as failed:
            platform.terraform.plan()
    finally:
        s3.delete_object(Bucket=platform.bucket, Key=lock)
    assert "Error acquiring the state lock" in words(failed)
    assert "somebody@elsewhere" in words(failed)


def test_a_destroy_that_was_interrupted_is_finished_by_the_next(
    platform: Platform, stand_in: aws.Aws
) -> None:
    command = platform.terraform.command("destroy", "-auto-approve", "-no-color", "-parallelism=40")
    rds = stand_in.client("rds")
    interrupted = subprocess.Popen(
        command, env=platform.terraform.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while rds.describe_db_instances()["DBInstances"] and interrupted.poll() is None:
        time.sleep(0.2)
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait() != 0
    left = platform.terraform.resources()
    assert "aws_vpc.this" in left
    assert len(left) < RESOURCES
    platform.terraform.destroy()
    assert platform.terraform.resources() == []


def test_nothing_is_left(platform: Platform, stand_in: aws.Aws) -> None:
    ec2, rds, iam, kms = (stand_in.client(service) for service in ("ec2", "rds", "iam", "kms"))
    of_vpc = [{"Name": "vpc-id", "Values": [platform.outputs["vpc_id"]]}]
    assert ec2.describe_vpcs(Filters=of_vpc)["Vpcs"] == []
    assert ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"] == []
    endpoints = ec2.describe_vpc_endpoints(Filters=of_vpc)["VpcEndpoints"]
    assert [each for each in endpoints if each["State"] != "deleted"] == []
    assert ec2.describe_internet_gateways()["InternetGateways"] == []
    assert ec2.describe_addresses()["Addresses"] == []
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []
    assert ec2.describe_flow_logs()["FlowLogs"] == []
    assert stand_in.client("eks").list_clusters()["clusters"] == []
    assert rds.describe_db_instances()["DBInstances"] == []
    assert rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"] == []
    assert rds.describe_db_subnet_groups()["DBSubnetGroups"] == []
    assert rds.describe_db_parameter_groups()["DBParameterGroups"] == []
    assert stand_in.client("secretsmanager").list_secrets()["SecretList"] == []
    assert stand_in.client("ecr").describe_repositories()["repositories"] == []
    assert stand_in.client("logs").describe_log_groups()["logGroups"] == []
    assert [role for role in iam.list_roles()["Roles"] if role["RoleName"].startswith(NAME)] == []
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    states = {
        kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] for key in kms.list_keys()["Keys"]
    }
    assert states <= {"PendingDeletion"}
    assert keys(stand_in) == {}
    left = stand_in.client("s3").list_objects_v2(Bucket=platform.bucket)["Contents"]
    assert [each["Key"] for each in left] == [platform.state_key]


def words(failed: pytest.ExceptionInfo[terraform.TerraformFailed]) -> str:
    """Return what Terraform said, without the frame and the line breaks that it draws."""
    return re.sub(r"[\s│╷╵]+", " ", str(failed.value))
