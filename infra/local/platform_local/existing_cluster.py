# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A cluster that somebody else runs."""

from __future__ import annotations

import shutil

from .errors import LocalPlatformError
from .kubectl import Kubectl
from .options import ExistingCluster
from .paths import Layout
from .pki import write_private
from .users import DISPATCH, LISTENER, MONITOR

CRDS = ("applications.argoproj.io", "applicationsets.argoproj.io", "appprojects.argoproj.io")


def connect(cluster: ExistingCluster) -> Kubectl:
    """Return the cluster after seeing that it has what the platform needs.

    :raises LocalPlatformError: names what is missing.
    """
    cluster.require()
    program = shutil.which("kubectl")
    if program is None:
        raise LocalPlatformError("kubectl is not on PATH")
    kubectl = Kubectl(program, cluster.kubeconfig)
    if not kubectl.succeeds("get", "--raw", "/readyz", "--request-timeout=10s"):
        raise LocalPlatformError(f"The cluster of {cluster.kubeconfig} does not answer")
    missing = [name for name in CRDS if not kubectl.succeeds("get", "crd", name)]
    if missing:
        raise LocalPlatformError(f"Argo CD is not installed in the cluster: {', '.join(missing)} missing")
    return kubectl


def write_kubeconfigs(layout: Layout, kubectl: Kubectl) -> None:
    """Give playbooks and listener the access that the operator has."""
    text = kubectl.run("config", "view", "--raw", "--flatten", "--minify")
    write_private(layout.kubeconfig, text, DISPATCH.number)
    write_private(layout.listener / "kubeconfig", text, LISTENER.number)
    write_private(layout.monitor / "kubeconfig", text, MONITOR.number)
