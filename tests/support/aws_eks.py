# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What moto's EKS lacks: add-ons, access entries, Pod Identity, and answers that echo the request."""

from __future__ import annotations

import json
import typing as t
import uuid

import moto.eks.urls
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.eks.exceptions import ResourceInUseException, ResourceNotFoundException
from moto.eks.models import EKSBackend
from moto.eks.responses import EKSResponse

PATHS = (
    "addons",
    "addons/(?P<item>[^/]+)",
    "access-entries",
    "access-entries/(?P<item>.+)",
    "pod-identity-associations",
    "pod-identity-associations/(?P<item>[^/]+)",
)

Item = dict[str, t.Any]
_create_cluster = EKSResponse.create_cluster
_create_nodegroup = EKSResponse.create_nodegroup


def _items(backend: EKSBackend, kind: str) -> dict[tuple[str, str], Item]:
    """Return what there is of a kind by cluster and name; moto's reset of the backend forgets it."""
    everything = backend.__dict__.setdefault("platform_items", {})
    found: dict[tuple[str, str], Item] = everything.setdefault(kind, {})
    return found


class _Answers(EKSResponse):
    """Operations that are added to moto's own class below."""

    def create_cluster(self) -> ActionResult:
        answer = _create_cluster(self)
        cluster = self.eks_backend.clusters[self._get_param("name")]
        network = cluster.resources_vpc_config
        ec2 = ec2_backends[self.current_account][self.region]
        vpc = ec2.get_subnet(network["subnetIds"][0]).vpc_id
        group = ec2.create_security_group(
            f"eks-cluster-sg-{cluster.name}", "Control plane and nodes", vpc_id=vpc
        )
        network.update({"clusterSecurityGroupId": group.id, "vpcId": vpc})
        cluster.access_config = self._get_param("accessConfig")
        cluster.upgrade_policy = self._get_param("upgradePolicy")
        return answer

    def create_nodegroup(self) -> ActionResult:
        answer = _create_nodegroup(self)
        cluster = self.eks_backend.clusters[self.uri_match["name"]]
        group = cluster.nodegroups[self._get_param("nodegroupName")]
        group.remote_access = None
        group.update_config = self._get_param("updateConfig")
        return answer

    def delete_cluster(self) -> ActionResult:
        cluster = self.eks_backend.delete_cluster(name=self._get_param("name"))
        ec2 = ec2_backends[self.current_account][self.region]
        ec2.delete_security_group(group_id=cluster.resources_vpc_config["clusterSecurityGroupId"])
        return ActionResult({"cluster": cluster})

    @property
    def _cluster(self) -> str:
        # The service names this part of its paths in two ways.
        name: str = self.uri_match.get("clusterName") or self.uri_match["name"]
        return name

    def _asked(self) -> Item:
        asked: Item = json.loads(self.body)
        return asked

    def _arn(self, kind: str, name: str) -> str:
        cluster = self._cluster
        return f"arn:aws:eks:{self.region}:{self.current_account}:{kind}/{cluster}/{name}/{uuid.uuid4()}"

    def _add(self, kind: str, name: str, item: Item) -> Item:
        cluster = self._cluster
        self.eks_backend.describe_cluster(cluster)
        items = _items(self.eks_backend, kind)
        if (cluster, name) in items:
            raise ResourceInUseException(message=f"{name} already exists in the cluster {cluster}")
        items[cluster, name] = {"clusterName": cluster, "createdAt": utcnow(), "tags": {}, **item}
        return items[cluster, name]

    def _get(self, kind: str, name: str) -> Item:
        cluster = self._cluster
        try:
            return _items(self.eks_backend, kind)[cluster, name]
        except KeyError:
            raise ResourceNotFoundException(message=f"No {name} in the cluster {cluster}") from None

    def _remove(self, kind: str, name: str) -> Item:
        item = self._get(kind, name)
        del _items(self.eks_backend, kind)[self._cluster, name]
        return item

    def _listed(self, kind: str) -> list[Item]:
        cluster = self._cluster
        return [item for (place, _name), item in _items(self.eks_backend, kind).items() if place == cluster]

    def create_addon(self) -> ActionResult:
        asked = self._asked()
        name = asked["addonName"]
        asked.setdefault("addonVersion", "v1.0.0-eksbuild.1")
        accounts = asked.pop("podIdentityAssociations", [])
        arns = [self._associate({**account, "namespace": "kube-system"}, name) for account in accounts]
        item = {
            **asked,
            "addonArn": self._arn("addon", name),
            "status": "ACTIVE",
            "podIdentityAssociations": [made["associationArn"] for made in arns],
        }
        return ActionResult({"addon": self._add("addon", name, item)})

    def describe_addon(self) -> ActionResult:
        return ActionResult({"addon": self._get("addon", self.uri_match["addonName"])})

    def delete_addon(self) -> ActionResult:
        name = self.uri_match["addonName"]
        addon = self._remove("addon", name)
        for association in self._listed("association"):
            if association["associationArn"] in addon["podIdentityAssociations"]:
                self._remove("association", association["associationId"])
        return ActionResult({"addon": addon})

    def list_addons(self) -> ActionResult:
        return ActionResult({"addons": [item["addonName"] for item in self._listed("addon")]})

    def _associate(self, asked: Item, owner: str | None = None) -> Item:
        identifier = f"a-{uuid.uuid4().hex[:17]}"
        arn = self._arn("podidentityassociation", identifier).rpartition("/")[0]
        item = {**asked, "associationId": identifier, "associationArn": arn}
        return self._add("association", identifier, {**item, "ownerArn": owner} if owner else item)

    def create_pod_identity_association(self) -> ActionResult:
        return ActionResult({"association": self._associate(self._asked())})

    def describe_pod_identity_association(self) -> ActionResult:
        return ActionResult({"association": self._get("association", self.uri_match["associationId"])})

    def delete_pod_identity_association(self) -> ActionResult:
        return ActionResult({"association": self._remove("association", self.uri_match["associationId"])})

    def list_pod_identity_associations(self) -> ActionResult:
        return ActionResult({"associations": self._listed("association")})

    def create_access_entry(self) -> ActionResult:
        asked = self._asked()
        principal = asked["principalArn"]
        asked.setdefault("type", "STANDARD")
        asked.setdefault("username", principal)
        item = {
            **asked,
            "accessEntryArn": self._arn("access-entry", principal.split(":")[-1]),
            "policies": {},
        }
        return ActionResult({"accessEntry": self._add("access", principal, item)})

    def describe_access_entry(self) -> ActionResult:
        return ActionResult({"accessEntry": self._get("access", self.uri_match["principalArn"])})

    def delete_access_entry(self) -> ActionResult:
        self._remove("access", self.uri_match["principalArn"])
        return EmptyResult()

    def list_access_entries(self) -> ActionResult:
        return ActionResult({"accessEntries": [item["principalArn"] for item in self._listed("access")]})

    def associate_access_policy(self) -> ActionResult:
        principal, policy = self.uri_match["principalArn"], self._asked()["policyArn"]
        associated = {
            "policyArn": policy,
            "accessScope": self._asked()["accessScope"],
            "associatedAt": utcnow(),
            "modifiedAt": utcnow(),
        }
        self._get("access", principal)["policies"][policy] = associated
        return ActionResult({"principalArn": principal, "associatedAccessPolicy": associated})

    def disassociate_access_policy(self) -> ActionResult:
        self._get("access", self.uri_match["principalArn"])["policies"].pop(self.uri_match["policyArn"])
        return EmptyResult()

    def list_associated_access_policies(self) -> ActionResult:
        principal = self.uri_match["principalArn"]
        policies = list(self._get("access", principal)["policies"].values())
        return ActionResult({"principalArn": principal, "associatedAccessPolicies": policies})


def extend() -> None:
    """Teach moto's EKS of this process; again has no effect."""
    for name, operation in vars(_Answers).items():
        if callable(operation) or isinstance(operation, property):
            setattr(EKSResponse, name, operation)
    for path in PATHS:
        moto.eks.urls.url_paths[f"{{0}}/clusters/(?P<clusterName>[^/]+)/{path}$"] = EKSResponse.dispatch
