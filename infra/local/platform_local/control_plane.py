# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""etcd, the API server, the controller-manager and the scheduler."""

from __future__ import annotations

import base64
import http.client
import secrets
import ssl
from pathlib import Path

import yaml

from .kubectl import Kubectl, cluster_role_binding
from .network import Network
from .paths import Layout
from .pki import Authority, Identity, signing_key, write_private
from .supervisor import Program

SERVER = "https://127.0.0.1:6443"
ETCD_PORT = 2379
ETCD = f"https://127.0.0.1:{ETCD_PORT}"
SERVICE_RANGE = "10.96.0.0/24"
"""Virtual addresses of Services; nothing on this host routes them."""
KUBELET_CLIENT = "kube-apiserver-kubelet-client"


class ControlPlane:
    """The control plane's files and programs, and its administrator's kubectl."""

    def __init__(self, layout: Layout, tools: Path, network: Network) -> None:
        self.network = network
        self._layout = layout
        self._tools = tools
        self._ca = Authority(layout.pki)
        self.kubectl = Kubectl(tools / "kubectl", layout.admin_kubeconfig)

    def prepare(self) -> None:
        """Write the administrator's kubeconfig and the encryption of Secrets at rest."""
        admin = self._ca.issue("admin", "administrator", groups=("system:masters",))
        write_private(self._layout.admin_kubeconfig, self._ca.kubeconfig(SERVER, admin))
        encryption = self._layout.conf / "encryption.yaml"
        if not encryption.exists():
            write_private(encryption, _encryption(secrets.token_bytes(32)))

    def kubeconfig(
        self, component: str, user: str, groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()
    ) -> Path:
        """The kubeconfig file of a component with the rights of a Kubernetes user."""
        path = self._layout.conf / f"{component}.kubeconfig"
        write_private(path, self._ca.kubeconfig(SERVER, self._ca.issue(component, user, groups, hosts)))
        return path

    def identity(
        self, component: str, user: str, groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()
    ) -> Identity:
        """The certificate of a component."""
        return self._ca.issue(component, user, groups, hosts)

    @property
    def authority(self) -> Path:
        """The certificate of the cluster's authority."""
        return self._ca.certificate

    def install(self) -> None:
        """Give the API server its rights at the kubelet: logs and exec."""
        self.kubectl.apply(cluster_role_binding(KUBELET_CLIENT, "system:kubelet-api-admin"))

    def programs(self) -> list[Program]:
        """In the order in which they must start."""
        return [self._etcd(), self._api_server(), self._controller_manager(), self._scheduler()]

    def etcd_ready(self) -> bool:
        """Whether etcd can be read and written."""
        identity = self._ca.issue("etcd-client", "kube-apiserver")
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(identity.certificate, identity.key)
        connection = http.client.HTTPSConnection("127.0.0.1", ETCD_PORT, timeout=2, context=context)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def ready(self) -> bool:
        """Whether the API server is ready."""
        return self.kubectl.succeeds("get", "--raw", "/readyz", "--request-timeout=2s")

    def _etcd(self) -> Program:
        identity = self._ca.issue("etcd", "etcd", hosts=("127.0.0.1", "localhost"))
        return Program(
            "etcd",
            (
                self._tools / "etcd",
                f"--data-dir={self._layout.data / 'etcd'}",
                f"--listen-client-urls={ETCD}",
                f"--advertise-client-urls={ETCD}",
                f"--listen-peer-urls=unix://{self._layout.run}/etcd-peer.sock",
                f"--cert-file={identity.certificate}",
                f"--key-file={identity.key}",
                f"--trusted-ca-file={self.authority}",
                "--client-cert-auth",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ),
        )

    def _api_server(self) -> Program:
        hosts = (
            "127.0.0.1",
            "localhost",
            self.network.host,
            "10.96.0.1",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
        )
        server = self._ca.issue("apiserver", "kube-apiserver", hosts=hosts)
        etcd = self._ca.issue("etcd-client", "kube-apiserver")
        kubelet = self._ca.issue("apiserver-kubelet", KUBELET_CLIENT)
        tokens = signing_key(self._layout.pki / "service-accounts.key")
        return Program(
            "kube-apiserver",
            (
                self._tools / "kube-apiserver",
                "--bind-address=127.0.0.1",
                "--secure-port=6443",
                f"--advertise-address={self.network.host}",
                # As EKS has it: only the namespace's pod security refuses a privileged container.
                "--allow-privileged=true",
                "--anonymous-auth=false",
                "--profiling=false",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                f"--client-ca-file={self.authority}",
                f"--tls-cert-file={server.certificate}",
                f"--tls-private-key-file={server.key}",
                f"--etcd-servers={ETCD}",
                f"--etcd-cafile={self.authority}",
                f"--etcd-certfile={etcd.certificate}",
                f"--etcd-keyfile={etcd.key}",
                f"--encryption-provider-config={self._layout.conf / 'encryption.yaml'}",
                f"--kubelet-client-certificate={kubelet.certificate}",
                f"--kubelet-client-key={kubelet.key}",
                f"--kubelet-certificate-authority={self.authority}",
                "--kubelet-preferred-address-types=InternalIP",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={tokens}",
                f"--service-account-signing-key-file={tokens}",
                f"--service-cluster-ip-range={SERVICE_RANGE}",
                "--shutdown-delay-duration=0s",
            ),
            stop_seconds=15,
        )

    def _controller_manager(self) -> Program:
        kubeconfig = self.kubeconfig("kube-controller-manager", "system:kube-controller-manager")
        return Program(
            "kube-controller-manager",
            (
                self._tools / "kube-controller-manager",
                "--bind-address=127.0.0.1",
                f"--kubeconfig={kubeconfig}",
                f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}",
                f"--service-account-private-key-file={self._layout.pki / 'service-accounts.key'}",
                f"--root-ca-file={self.authority}",
                "--use-service-account-credentials=true",
                "--leader-elect=false",
                "--profiling=false",
            ),
        )

    def _scheduler(self) -> Program:
        kubeconfig = self.kubeconfig("kube-scheduler", "system:kube-scheduler")
        return Program(
            "kube-scheduler",
            (
                self._tools / "kube-scheduler",
                "--bind-address=127.0.0.1",
                f"--kubeconfig={kubeconfig}",
                f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}",
                "--leader-elect=false",
                "--profiling=false",
            ),
        )


def _encryption(key: bytes) -> str:
    provider = {"secretbox": {"keys": [{"name": "local", "secret": base64.b64encode(key).decode()}]}}
    return yaml.safe_dump(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": [provider]}],
        }
    )
