# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The inventory for the playbooks and the programs of the listener."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import yaml

from . import aws, chain, database, exchange
from .argocd import METRICS_PORTS
from .argocd import NAMESPACE as ARGOCD_NAMESPACE
from .enclosure import Enclosure
from .errors import LocalPlatformError
from .gitops import GitOps
from .gitops_root import BRANCH
from .options import Options
from .paths import PYTHON, SYSTEM_PATH, Layout
from .pki import write_private
from .progress import run
from .supervisor import Program
from .users import DISPATCH, LISTENER, MONITOR, User

API_PORT = 8000
MONITOR_PORT = 8001
ROLES = {"watch": LISTENER, "dispatch": DISPATCH, "send": LISTENER, "api": LISTENER, "monitor": MONITOR}
"""The listener's roles and the user that each runs as."""
STOP_SECONDS = 25
"""The dispatcher gives its runs some seconds to end, and then puts their commands back."""


class Settings:
    """What the playbooks and the listener must know about this platform."""

    def __init__(
        self,
        layout: Layout,
        options: Options,
        gitops: GitOps,
        access: database.Database,
        enclosure: Enclosure,
    ) -> None:
        self._layout = layout
        self._options = options
        self._gitops = gitops
        self._database = access
        self._enclosure = enclosure

    def write_inventory(self) -> bool:
        """Write the inventory; False when it was so already."""
        variables = yaml.safe_dump(self._variables(), sort_keys=False)
        plugin = {
            "plugin": "bot_freqtrade.platform.tenants",
            "repository": self._gitops.url,
            "branch": BRANCH,
            "clients": [1, 2],
        }
        written = [
            _write(self._layout.inventory / "tenants.yml", yaml.safe_dump(plugin, sort_keys=False)),
            _write(self._layout.inventory / "group_vars" / "all.yml", variables),
            _write(self._layout.local / "vars.yml", variables),
        ]
        if self._options.external_secrets:
            written.append(write_private(self._aws_credentials, aws.credentials_file(), DISPATCH.number))
        return any(written)

    @property
    def _aws_credentials(self) -> Path:
        """Where playbooks look for credentials of the stand-in for AWS."""
        return self._layout.platform / "aws-credentials"

    def write_facts(self, kubectl: str, deployment: t.Mapping[str, t.Any] | None) -> bool:
        """Write ``platform.json``: addresses and paths for people and tests; False when it was so already."""
        facts: dict[str, t.Any] = {
            "inventory": str(self._layout.inventory),
            "gitops_repository": self._gitops.url,
            "admin_kubeconfig": str(self._layout.admin_kubeconfig),
            "kubectl": kubectl,
            "exchange_url": exchange.url(self._options),
            "database": self._variables()["platform_database"],
            "platform_database": {"name": database.PLATFORM},
            "supervisor_conf": str(self._layout.run / "supervisord.conf"),
            "logs": str(self._layout.logs),
        }
        if self._options.external_secrets:
            facts["aws"] = {
                "endpoint_url": aws.URL,
                "region": aws.REGION,
                "prefix": aws.PREFIX,
                "credentials_file": str(self._aws_credentials),
            }
        if deployment:
            facts |= {
                "rpc_url": chain.RPC_URL,
                "chain_id": deployment["chain_id"],
                "contract": deployment["address"],
                "keys": {
                    "admin": str(self._layout.secrets / "admin.key"),
                    "operator": str(self._layout.listener / "operator.key"),
                },
                "key_directory": str(self._layout.platform / "keys"),
                "platform_public_key": str(self._layout.local / "platform.pub"),
                "api_url": f"http://127.0.0.1:{API_PORT}",
                "api_token_file": str(self._layout.secrets / "api-token"),
                "metrics": {"api": API_PORT, "monitor": MONITOR_PORT, **self._argocd_metrics()},
            }
        return _write(self._layout.local / "platform.json", json.dumps(facts, indent=2) + "\n")

    def _argocd_metrics(self) -> dict[str, int]:
        """Ports of Argo CD's metrics, where it is ours."""
        return (
            {} if self._options.cluster else {f"argocd-{name}": port for name, port in METRICS_PORTS.items()}
        )

    def link_collection(self) -> None:
        """Make this checkout importable and playable by its full name."""
        link = self._layout.collections / "ansible_collections" / "bot_freqtrade" / "platform"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(self._layout.checkout)

    def programs(self, deployment: t.Mapping[str, t.Any]) -> list[Program]:
        """The roles of the listener.

        :param deployment: address and block of the contract.
        """
        return [self._role(role, user, deployment) for role, user in ROLES.items()]

    def migrate(self) -> None:
        """Bring the listener's database to its schema."""
        command = self._enclosure.within(LISTENER, self._flask("migrate"))
        run(command, self._layout.logs / "listener-migrate.log", env=self._environment(LISTENER, {}))

    def make_token(self) -> None:
        """Make the operator's token for the API and keep it in a file; the database has its hash only.

        :raises LocalPlatformError: when the listener refuses.
        """
        path = self._layout.secrets / "api-token"
        if path.exists():
            return
        command = self._flask("token", "create", "--name", "operator", "--all")
        done = subprocess.run(
            [str(part) for part in self._enclosure.within(LISTENER, command)],
            check=False, capture_output=True, text=True, env=self._environment(LISTENER, {}),
        )  # fmt: skip
        if done.returncode:
            raise LocalPlatformError(f"The API's token was not made: {done.stderr.strip()}")
        write_private(path, done.stdout.strip())

    def _role(self, role: str, user: User, deployment: t.Mapping[str, t.Any]) -> Program:
        return Program(
            f"listener-{role}",
            self._flask(role),
            user=user.name,
            environment=self._environment(user, self._chain(deployment) | self._own(role)),
            directory=self._layout.checkout,
            stop_seconds=STOP_SECONDS,
        )

    def _flask(self, *arguments: str) -> tuple[str | Path, ...]:
        return (PYTHON, "-m", "flask", "--app", "listener", *arguments)

    def _environment(self, user: User, settings: t.Mapping[str, str | Path]) -> dict[str, str]:
        home = user.own(self._layout.data / "homes" / user.name)
        write_private(home / ".gitconfig", self._gitops.trust(), user.number)
        common: dict[str, str | Path] = {
            "HOME": home,
            "PATH": f"{PYTHON.parent}:{SYSTEM_PATH}",
            "PYTHONPATH": f"{self._layout.checkout}:{self._layout.collections}",
            "PYTHONUNBUFFERED": "1",
            "LC_ALL": "C.UTF-8",
        }
        if user is not MONITOR:
            folder = self._layout.platform if user is DISPATCH else self._layout.listener
            common["PLATFORM_DATABASE_URL_FILE"] = folder / "database-url"
        return {name: str(value) for name, value in {**common, **settings}.items()}

    def _chain(self, deployment: t.Mapping[str, t.Any]) -> dict[str, str | Path]:
        return {
            "PLATFORM_RPC_URL": chain.RPC_URL,
            "PLATFORM_CHAIN_ID": str(deployment["chain_id"]),
            "PLATFORM_CONTRACT": str(deployment["address"]),
            "PLATFORM_START_BLOCK": str(deployment["block"]),
            "PLATFORM_CONFIRMATIONS": "finalized",
        }

    def _own(self, role: str) -> dict[str, str | Path]:
        own: dict[str, dict[str, str | Path]] = {
            "dispatch": {
                "PLATFORM_KEY_DIRECTORY": self._layout.platform / "keys",
                "PLATFORM_VARS_FILE": self._layout.local / "vars.yml",
                "PLATFORM_RUN_DIRECTORY": self._enclosure.volatile / "runs",
                "PLATFORM_COLLECTIONS_PATH": self._layout.collections,
            },
            "send": {"PLATFORM_SIGNER_KEY_FILE": self._layout.listener / "operator.key"},
            "api": {
                "PLATFORM_LISTEN_PORT": str(API_PORT),
                "PLATFORM_KUBECONFIG": self._layout.listener / "kubeconfig",
                "PLATFORM_GITOPS_REPOSITORY": self._gitops.url,
            },
            "monitor": {
                "PLATFORM_LISTEN_PORT": str(MONITOR_PORT),
                "PLATFORM_KUBECONFIG": self._layout.monitor / "kubeconfig",
                "PLATFORM_FIGURES_URL_FILE": self._layout.monitor / "figures-url",
            },
        }
        if self._options.external_secrets:
            own["dispatch"]["AWS_SHARED_CREDENTIALS_FILE"] = self._aws_credentials
        return own.get(role, {})

    def _variables(self) -> dict[str, t.Any]:
        return {
            "platform_gitops_repository": self._gitops.url,
            "platform_gitops_branch": BRANCH,
            "platform_kubeconfig": str(self._layout.kubeconfig),
            "platform_argocd_namespace": ARGOCD_NAMESPACE,
            "platform_application_set": "clientes",
            "platform_database": {
                "host": "127.0.0.1",
                "port": database.PORT,
                "user": database.ADMIN,
                "passfile": str(self._database.passfile),
                "name": database.CLIENTS,
                "sslmode": "disable",
                "reader": database.READER,
            },
            "platform_database_pod_host": self._options.host_address,
            "platform_database_pod_port": database.PORT,
            **self._secrets(),
            "platform_key_directory": str(self._layout.platform / "keys"),
            "platform_health_timeout": 120,
            "platform_health_stable_seconds": 10,
            "platform_sync_timeout": 120,
        }

    def _secrets(self) -> dict[str, t.Any]:
        if self._options.external_secrets:
            return aws.playbook_variables()
        return {"platform_secret_backend": "kubernetes"}


def _write(path: Path, content: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return True
