# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What an operator may choose about the local platform."""

from __future__ import annotations

import dataclasses
import socket
from pathlib import Path

from . import images, network
from .errors import LocalPlatformError


@dataclasses.dataclass(frozen=True)
class ExistingCluster:
    """A cluster that is used instead of building one, and what cannot be guessed about it."""

    kubeconfig: Path
    image: str
    """Name and tag of the platform's image at a registry that the cluster's nodes can reach."""
    host_address: str
    """An address of this host that pods can reach: PostgreSQL and the stand-in for Binance listen there."""
    pod_network: str
    """Network that connections of pods come from, as PostgreSQL sees them."""
    gitops_repository: str
    """URL of a Git repository that this host may push to and Argo CD may read."""

    def require(self) -> None:
        """Fail early where something is missing.

        :raises LocalPlatformError: names all of it.
        """
        missing = [field.name for field in dataclasses.fields(self) if not str(getattr(self, field.name))]
        problems = [f"local_platform_{name} is not given" for name in missing]
        if not self.kubeconfig.is_file():
            problems.append(f"the kubeconfig {self.kubeconfig} is not there")
        if self.image and not images.parts(self.image):
            problems.append(f"the image {self.image} has neither a tag nor a digest")
        if self.host_address and not _is_of_this_host(self.host_address):
            problems.append(f"{self.host_address} is no address of this host")
        if problems:
            raise LocalPlatformError(
                "The cluster of KUBECONFIG cannot be used:\n- "
                + "\n- ".join(problems)
                + "\nGive them as UP_OPTIONS='-e local_platform_image=…'; docs/existing-cluster.md explains"
            )


def _is_of_this_host(address: str) -> bool:
    try:
        with socket.socket() as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class Options:
    """The choices."""

    listener: bool = True
    """Whether chain, contract and listener run. Operators' own runs do without."""
    cluster: ExistingCluster | None = None
    """None builds and starts one."""
    external_secrets: bool = False
    """Whether clients' secrets are kept in a stand-in for AWS and come to the bots by External Secrets."""

    def require(self) -> None:
        """Fail early where choices do not go together.

        :raises LocalPlatformError: says which.
        """
        if self.external_secrets and self.cluster:
            raise LocalPlatformError(
                "External Secrets with a stand-in for AWS is for the cluster that is built here; an existing "
                "cluster gets it by the role cluster_addons"
            )

    @property
    def host_address(self) -> str:
        """Where pods find services of this host."""
        return self.cluster.host_address if self.cluster else network.LOCAL.host

    @property
    def pod_network(self) -> str:
        """Where pods' connections come from."""
        return self.cluster.pod_network if self.cluster else network.LOCAL.pods
