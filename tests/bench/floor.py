# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a start can take: finality, ``helm template | kubectl apply``, a readiness that holds."""

from __future__ import annotations

import datetime
import subprocess
import time
import typing as t

import yaml
from kubernetes import client as kube
from platform_local import tools
from platform_local.paths import Layout

from tests.e2e.live import Live, eventually, host

APPLY = "helm template | kubectl apply"
NAMESPACE = "bench-floor"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


class Floor:
    """Starts a client's bot by hand, in a namespace that no part of the platform knows.

    :param client: its chart, values, Secrets and schema are used; its own bot must be stopped meanwhile.
    :param stable_seconds: how long the readiness has to hold.
    """

    def __init__(self, live: Live, client: int, stable_seconds: float) -> None:
        self._live = live
        self._client = client
        self._stable = stable_seconds
        layout = Layout.here()
        self._tools = tools.ensure(layout)[0]
        self._kubeconfig = live.facts["admin_kubeconfig"]
        self._repository = live.facts["gitops_repository"].removeprefix("file://")

    def prepare(self, folder: str, values: dict[str, t.Any]) -> None:
        """Make namespace and Secrets, and lay chart and values out in a folder: none of it is measured.

        :param values: the client's values with a running bot.
        """
        self._folder = folder
        archive = subprocess.run(
            ["git", "-C", self._repository, "archive", "main"], check=True, capture_output=True
        ).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        with open(f"{folder}/floor-values.yaml", "w", encoding="utf-8") as file:
            yaml.safe_dump(values, file)
        metadata = kube.V1ObjectMeta(name=NAMESPACE, labels=RESTRICTED)
        self._live.core.create_namespace(kube.V1Namespace(metadata=metadata))
        for name in (f"{host(self._client)}-database", f"{host(self._client)}-api"):
            secret = self._live.core.read_namespaced_secret(name, host(self._client))
            copy = kube.V1Secret(metadata=kube.V1ObjectMeta(name=name), data=secret.data)
            self._live.core.create_namespaced_secret(NAMESPACE, copy)

    def measure(self) -> dict[str, float]:
        """Seconds of each stage, from a mined block to a readiness that has held."""
        account = self._live.web3.eth.accounts[0]
        sent = self._live.web3.eth.send_transaction({"from": account, "to": account, "value": 0})
        receipt = self._live.web3.eth.wait_for_transaction_receipt(sent, timeout=60, poll_latency=0.05)
        begin = time.monotonic()
        eventually(lambda: self._is_final(receipt["blockNumber"]), "a final block", 60, 0.05)
        final = time.monotonic()
        manifests = self._run("helm", "template", host(self._client), *self._chart()).stdout
        self._run("kubectl", "apply", "--filename=-", text=manifests)
        applied = time.monotonic()
        eventually(self._is_ready, "a ready pod", 180, 0.1)
        ready = time.monotonic()
        eventually(self._has_held, "a readiness that holds", 180, 0.1)
        end = time.monotonic()
        return {
            "finality": final - begin,
            APPLY: applied - final,
            "pod ready": ready - applied,
            "readiness held": end - ready,
            "total": end - begin,
        }

    def stop(self) -> None:
        """Delete what was applied, and wait for the end of the pod."""
        manifests = self._run("helm", "template", host(self._client), *self._chart()).stdout
        self._run("kubectl", "delete", "--filename=-", "--wait=true", text=manifests)
        eventually(lambda: not self._pods(), "no pod of the floor", 120)

    def remove(self) -> None:
        """Delete the namespace."""
        self._live.core.delete_namespace(NAMESPACE)

    def _chart(self) -> list[str]:
        files = ("floor-values.yaml", "environment.yaml")
        values = [f"--values={self._folder}/{name}" for name in files]
        return [f"{self._folder}/charts/freqtrade", f"--namespace={NAMESPACE}", *values]

    def _run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        where = (
            [f"--kubeconfig={self._kubeconfig}", f"--namespace={NAMESPACE}"] if program == "kubectl" else []
        )
        run = subprocess.run(
            [f"{self._tools}/{program}", *arguments, *where], input=text, capture_output=True, text=True
        )
        if run.returncode:
            raise SystemExit(f"{program}: {run.stderr}")
        return run

    def _is_final(self, block: int) -> bool:
        return self._live.web3.eth.get_block("finalized")["number"] >= block

    def _pods(self) -> list[t.Any]:
        return list(self._live.core.list_namespaced_pod(NAMESPACE).items)

    def _ready_since(self) -> datetime.datetime | None:
        for pod in self._pods():
            for condition in pod.status.conditions or []:
                if condition.type == "Ready" and condition.status == "True":
                    return t.cast(datetime.datetime, condition.last_transition_time)
        return None

    def _is_ready(self) -> bool:
        return self._ready_since() is not None

    def _has_held(self) -> bool:
        since = self._ready_since()
        held = datetime.timedelta(seconds=self._stable)
        return since is not None and datetime.datetime.now(datetime.UTC) - since >= held
