# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The node: containerd, the pods' network and the kubelet."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from .control_plane import ControlPlane
from .images import SANDBOX_IMAGE
from .paths import Layout
from .pki import write_private
from .supervisor import Program

NODE = "local"


class Node:
    """The node's files and programs."""

    def __init__(self, layout: Layout, tools: Path, control_plane: ControlPlane, images: Path) -> None:
        """:param images: the folder in which containerd keeps images; it outlives the platform."""
        self._layout = layout
        self._tools = tools
        self._control_plane = control_plane
        self._network = control_plane.network
        self._images = images

    @property
    def socket(self) -> Path:
        """containerd's."""
        return self._layout.run / "containerd.sock"

    def prepare(self) -> None:
        """Write the configuration of containerd, the network and the kubelet."""
        conf = self._layout.conf
        write_private(conf / "containerd.toml", self._containerd_configuration())
        write_private(conf / "cni" / "10-pods.conflist", self._network_configuration())
        write_private(conf / "kubelet.yaml", self._kubelet_configuration())

    def programs(self) -> list[Program]:
        """In the order in which they must start."""
        kubeconfig = self._control_plane.kubeconfig(
            "kubelet", f"system:node:{NODE}", ("system:nodes",), hosts=(NODE, self._network.host)
        )
        kubelet = (
            self._tools / "kubelet",
            f"--config={self._layout.conf / 'kubelet.yaml'}",
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={NODE}",
            f"--node-ip={self._network.host}",
        )
        containerd = ("containerd", "--config", self._layout.conf / "containerd.toml")
        return [Program("containerd", containerd), Program("kubelet", kubelet)]

    def ready(self) -> bool:
        """Whether pods can be scheduled here."""
        query = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"
        kubectl = self._control_plane.kubectl
        return kubectl.run("get", "node", "-o", query) == "True"

    def _containerd_configuration(self) -> str:
        return f"""\
version = 2
root = "{self._images}"
state = "{self._layout.run}/volatile/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
  address = "{self.socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{SANDBOX_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_tcp_service = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{self._layout.conf}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = "{self._layout.run}/volatile/runc"
[plugins."io.containerd.internal.v1.opt"]
  path = "{self._layout.data}/containerd-opt"
"""

    def _network_configuration(self) -> str:
        bridge = {
            "type": "bridge",
            "bridge": self._network.bridge,
            "isGateway": True,
            "ipMasq": False,
            "ipam": {
                "type": "host-local",
                "dataDir": str(self._layout.data / "addresses"),
                "ranges": [
                    [
                        {
                            "subnet": self._network.pods,
                            "rangeStart": self._network.first_pod,
                            "gateway": self._network.host,
                        }
                    ]
                ],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
        return json.dumps({"cniVersion": "1.0.0", "name": "bot-freqtrade", "plugins": [bridge]}, indent=2)

    def _kubelet_configuration(self) -> str:
        identity = self._control_plane.identity(
            "kubelet", f"system:node:{NODE}", ("system:nodes",), hosts=(NODE, self._network.host)
        )
        return yaml.safe_dump(
            {
                "apiVersion": "kubelet.config.k8s.io/v1beta1",
                "kind": "KubeletConfiguration",
                "address": self._network.host,
                "healthzBindAddress": "127.0.0.1",
                "authentication": {
                    "anonymous": {"enabled": False},
                    "webhook": {"enabled": True},
                    "x509": {"clientCAFile": str(self._control_plane.authority)},
                },
                "authorization": {"mode": "Webhook"},
                "tlsCertFile": str(identity.certificate),
                "tlsPrivateKeyFile": str(identity.key),
                "containerRuntimeEndpoint": f"unix://{self.socket}",
                "cgroupDriver": "cgroupfs",
                "cgroupRoot": f"/{self._layout.control_group}",
                "failCgroupV1": False,
                "failSwapOn": False,
                "enforceNodeAllocatable": [],
                "evictionHard": {},
                "imageGCHighThresholdPercent": 100,
                "makeIPTablesUtilChains": False,
                "registerNode": True,
            }
        )
