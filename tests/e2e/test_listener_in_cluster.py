# SPDX-License-Identifier: GPL-3.0-or-later
"""The listener as pods: its image and chart in the local cluster decide what a wallet sends.

The supervisor's roles rest meanwhile. What pods reach by a load balancer elsewhere is forwarded to them here.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
import sys
import typing as t
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.conftest import new_clients
from tests.e2e.live import ROOT, Live, eventually
from tests.e2e.machine import ROLES, Machine
from tests.e2e.story import BOT_SECONDS, GOOD_KEYS, STOP, start
from tests.support.forwarding import forwarded
from tests.support.plays import Played, play_role

sys.path.insert(0, str(ROOT / "infra" / "local"))
from platform_local import database, images
from platform_local.network import LOCAL
from platform_local.paths import Layout

pytestmark = pytest.mark.timeout(900)

NAMESPACE: t.Final = "platform"
HOST: t.Final = LOCAL.host
SUPERVISED: t.Final = (*ROLES, "listener-monitor")
PODS: t.Final = ("watch", "dispatch", "send", "api", "monitor")
LAYOUT: t.Final = Layout.here()
SUBJECT: t.Final = {"kind": "ServiceAccount", "name": "listener", "namespace": NAMESPACE}


class Pods:
    """The listener's pods, by the roles that they have."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def name(self, role: str) -> str:
        """The name of the one pod of a role."""
        labels = f"app.kubernetes.io/part-of=bot-freqtrade,app.kubernetes.io/component={role}"
        (pod,) = self._live.core.list_namespaced_pod(NAMESPACE, label_selector=labels).items
        return str(pod.metadata.name)

    def restarts(self, role: str) -> int:
        pod = self._live.core.read_namespaced_pod(self.name(role), NAMESPACE)
        return int(pod.status.container_statuses[0].restart_count)

    def log(self, role: str) -> str:
        return str(self._live.core.read_namespaced_pod_log(self.name(role), NAMESPACE, container=role))

    def run(self, role: str, script: str) -> str:
        """Run a script in the container of a role."""
        kubectl = [self._live.facts["kubectl"], "--kubeconfig", self._live.facts["admin_kubeconfig"]]
        command = [*kubectl, "exec", "-n", NAMESPACE, self.name(role), "-c", role, "--", "sh", "-c", script]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def ask(self, role: str, port: int, path: str) -> str:
        """What a role answers to its own pod."""
        question = f"urllib.request.urlopen('http://127.0.0.1:{port}/{path}', timeout=30).read().decode()"
        return self.run(role, f'python -c "import urllib.request; print({question})"')


@pytest.fixture(scope="module")
def variables(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, t.Any]]:
    """What the role listener is told of this platform; the forwarding lasts as long as the module."""
    folder = tmp_path_factory.mktemp("listener")
    known = yaml.safe_load((LAYOUT.local / "vars.yml").read_text())
    deployment = json.loads((LAYOUT.local / "contract.json").read_text())
    repository, tag = images.listener_name(LAYOUT).rsplit(":", 1)
    with contextlib.ExitStack() as stack:
        api = stack.enter_context(forwarded(HOST, 6443))
        rpc = stack.enter_context(forwarded(HOST, 8545))
        git = stack.enter_context(served(LAYOUT.gitops))
        yield {
            **{name: value for name, value in known.items() if name != "platform_kubeconfig"},
            "platform_kubeconfig": live.facts["admin_kubeconfig"],
            "platform_gitops_repository": git,
            "platform_database": {**known["platform_database"], "host": HOST},
            "database_listener": {
                "name": database.PLATFORM,
                "user": database.LISTENER_ROLE,
                "passfile": str(passfile(folder, database.LISTENER_ROLE)),
            },
            "database_reader": {"passfile": str(passfile(folder, database.READER))},
            "listener_operator_key_file": live.facts["keys"]["operator"],
            "listener_image_repository": repository,
            "listener_image_tag": tag,
            "listener_chain": {
                "id": live.facts["chain_id"],
                "contract": live.facts["contract"],
                "start_block": deployment["block"],
                "rpc_url": f"http://{HOST}:{rpc}",
            },
            "listener_helm": str(pathlib.Path(live.facts["kubectl"]).parent / "helm"),
            "listener_values": {
                "image": {"pullPolicy": "Never"},
                # Services lead nowhere in the local cluster.
                "environment": {"KUBERNETES_SERVICE_HOST": HOST, "KUBERNETES_SERVICE_PORT": api},
                "roles": {role: {"replicas": 1} for role in PODS},
            },
        }


@contextlib.contextmanager
def served(repository: pathlib.Path) -> Iterator[str]:
    """Serve a repository to pods by git's own daemon; yield its URL."""
    port = 9418
    daemon = subprocess.Popen(
        [
            "git", "daemon", "--reuseaddr", f"--listen={HOST}", f"--port={port}", "--export-all",
            "--enable=receive-pack", f"--base-path={repository.parent}", str(repository),
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"git://{HOST}:{port}/{repository.name}"
    finally:
        daemon.terminate()
        daemon.wait()


def passfile(folder: pathlib.Path, role: str) -> pathlib.Path:
    """A password file of libpq for a role of this platform's PostgreSQL."""
    path = folder / f"{role}.pgpass"
    path.touch(mode=0o600)
    password = (LAYOUT.secrets / f"{role}-password").read_text()
    path.write_text(f"*:{database.PORT}:*:{role}:{password}\n")
    return path


@contextlib.contextmanager
def admitted(live: Live, folder: pathlib.Path) -> Iterator[None]:
    """Let the clients' projects admit the pods' service account, as the template's environment does."""
    clone = folder / "gitops"
    git = ("git", "-C", str(clone), "-c", "user.name=test", "-c", "user.email=test@localhost.invalid")

    def write(text: str, why: str) -> None:
        (clone / "environment.yaml").write_text(text)
        for command in (
            ["commit", "--quiet", "-am", why],
            ["pull", "--quiet", "--rebase"],
            ["push", "--quiet"],
        ):
            subprocess.run([*git, *command], check=True)

    subprocess.run(["git", "clone", "--quiet", live.facts["gitops_repository"], clone], check=True)
    before = (clone / "environment.yaml").read_text()
    environment = yaml.safe_load(before)
    environment["playbooks"]["subjects"].append(SUBJECT)
    write(yaml.safe_dump(environment, sort_keys=False), "Admit the listener's pods")
    try:
        yield
    finally:
        write(before, "Admit the listener's pods no longer")


@contextlib.contextmanager
def imported() -> Iterator[None]:
    """The listener's image in the node's store."""
    ctr = ["ctr", "--address", str(LAYOUT.run / "containerd.sock"), "--namespace", "k8s.io", "images"]
    archive = images.ensure_listener(LAYOUT)[0] / "image.tar"
    subprocess.run([*ctr, "import", str(archive)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([*ctr, "rm", images.listener_name(LAYOUT)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(
    live: Live, variables: dict[str, t.Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """The listener in the cluster, and the supervisor's one at rest."""
    folder, machine = tmp_path_factory.mktemp("play"), Machine(live)
    kubectl = [live.facts["kubectl"], "--kubeconfig", live.facts["admin_kubeconfig"]]
    helm = [variables["listener_helm"], "--kubeconfig", live.facts["admin_kubeconfig"]]
    with contextlib.ExitStack() as stack:
        stack.enter_context(imported())
        stack.enter_context(admitted(live, folder))
        machine.stop(*SUPERVISED)
        stack.callback(machine.start, *SUPERVISED)
        for command in (
            [*kubectl, "delete", "namespace", NAMESPACE],
            [*helm, "uninstall", "-n", NAMESPACE, "listener", "--wait", "--ignore-not-found"],
        ):
            stack.callback(subprocess.run, command, check=True)
        played = play_role("listener", variables, folder)
        assert played.code == 0, played.output
        yield played


@pytest.fixture(scope="module")
def pods(live: Live, installed: Played) -> Pods:
    return Pods(live)


@pytest.fixture(scope="module")
def client(live: Live, pods: Pods) -> int:
    """A client that nobody had before."""
    return new_clients(live, 1)[0]


def test_a_second_run_changes_nothing(
    installed: Played, variables: dict[str, t.Any], tmp_path: pathlib.Path
) -> None:
    assert installed.changed == 3
    again = play_role("listener", variables, tmp_path)
    assert (again.code, again.changed) == (0, 0), again.output


def test_each_pod_has_its_own_secrets_closed_to_others(pods: Pods) -> None:
    owned = {
        role: pods.run(role, "stat -c '%n %a %u' /run/platform/*/* | sed s,.*/,,").splitlines()
        for role in PODS
    }
    key = pathlib.Path(LAYOUT.platform / "keys").glob("*.key")
    urls = ["database-url 400 10001", "figures-url 400 10001"]
    files = {
        "watch": ["listener.pgpass"],
        "dispatch": ["admin.pgpass", "listener.pgpass", *(path.name for path in key)],
        "send": ["listener.pgpass", "operator.key"],
        "api": ["listener.pgpass"],
        "monitor": ["reader.pgpass"],
    }
    for role, names in files.items():
        found = [line for line in owned[role] if not line.startswith(("worker-", "cache "))]
        assert sorted(found) == sorted([*urls, *(f"{name} 400 10001" for name in names)]), role


def test_the_api_sees_its_neighbours(pods: Pods) -> None:
    answer = json.loads(pods.ask("api", 8000, "readyz"))
    assert (answer["status"], set(answer["seconds"])) == ("ready", {"database", "chain", "cluster"})


def test_the_monitor_sees_all_that_it_watches(pods: Pods) -> None:
    lines = pods.ask("monitor", 8001, "metrics").splitlines()
    states = {
        line.split()[0]: float(line.split()[1])
        for line in lines
        if line.startswith("platform_monitor_source_up")
    }
    assert set(states.values()) == {1.0}, states


def test_pods_decide_what_a_wallet_sends(live: Live, pods: Pods, client: int) -> None:
    assert {Machine(live).state(role) for role in SUPERVISED} == {"STOPPED"}
    sent = live.send(client, start("SampleTrend"), GOOD_KEYS)
    verdict = live.decided(sent, 420)
    assert (verdict.status, verdict.reason) == ("Approved", ""), pods.log("dispatch")
    eventually(lambda: live.trades(client) or None, "a trade", BOT_SECONDS)
    assert sent.id in pods.log("dispatch")


def test_a_dispatcher_that_is_killed_takes_its_run_along_and_comes_back(
    live: Live, pods: Pods, client: int
) -> None:
    before = pods.restarts("dispatch")
    sent = live.send(client, STOP)
    eventually(lambda: "run_started" in _about(pods, sent.id) or None, "a run", 120)
    # A moment later, because this script ends with the container, too.
    pods.run("dispatch", "(sleep 1; kill -9 $(cat /proc/1/task/1/children)) >/dev/null 2>&1 &")
    eventually(lambda: pods.restarts("dispatch") == before + 1 or None, "a restart", 60)
    assert live.decided(sent, 420).status == "Approved", pods.log("dispatch")
    assert live.pods(client) == [] or eventually(lambda: live.pods(client) == [] or None, "no pod", 60)


def test_no_pod_of_the_listener_tells_a_secret_in_its_log(live: Live, pods: Pods, client: int) -> None:
    secrets = [path.read_text().strip() for path in LAYOUT.secrets.iterdir()]
    logs = {role: pods.log(role) for role in PODS}
    assert [role for role, text in logs.items() for secret in secrets if secret in text] == []


def _about(pods: Pods, command: str) -> str:
    """What dispatch says of a command."""
    return "\n".join(line for line in pods.log("dispatch").splitlines() if command in line)
