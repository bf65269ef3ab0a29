# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run sees: its environment, and in a bubblewrap its paths. That is no security boundary."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import yaml

if t.TYPE_CHECKING:
    from listener.settings import DispatchSettings

# What ansible-runner sets for itself; everything else of this process's environment stays outside.
RUNNERS_OWN: t.Final = frozenset(
    {
        "ANSIBLE_CALLBACK_PLUGINS",
        "ANSIBLE_STDOUT_CALLBACK",
        "AWX_ISOLATED_DATA_DIR",
        "RUNNER_OMIT_EVENTS",
        "RUNNER_ONLY_FAILED_EVENTS",
    }
)
# How clients of AWS and Kubernetes find credentials and servers: names, places and roles, no secrets.
PASSED_ON: t.Final = frozenset(
    {
        "AWS_CONFIG_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_ROLE_ARN",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_SERVICE_PORT",
        "SSL_CERT_FILE",
    }
)
# Those of them that name files. Tokens lie in folders of their own, whose links change when they are renewed.
FILES: t.Final = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
TOKENS: t.Final = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE")


def read_variables(path: Path) -> dict[str, t.Any]:
    """Return the platform's group variables.

    :raises ValueError: the file is no YAML mapping.
    """
    try:
        variables = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from error
    if not isinstance(variables, dict):
        raise ValueError(f"{path} holds no mapping of variables")
    return variables


def read_only(settings: DispatchSettings, variables: dict[str, t.Any]) -> list[str]:
    """Return the paths that a run may read."""
    collections = settings.collections_path
    named = [
        variables.get("platform_kubeconfig"),
        variables.get("platform_key_directory") or settings.key_directory,
        (variables.get("platform_database") or {}).get("passfile"),
        variables.get("platform_gitops_ssh_key_file"),
    ]
    paths = [
        Path(sys.prefix),
        Path(sys.base_prefix),
        collections,
        # A development tree is linked into its collections.
        collections / "ansible_collections" / "bot_freqtrade" / "platform",
        *(Path(os.path.expanduser(path)) for path in named if path),
        *settings.run_read_only,
        # Where systemd-resolved keeps what /etc/resolv.conf points to.
        Path("/etc/resolv.conf"),
    ]
    resolved = [os.path.realpath(path) for path in paths]
    return [path for path in (*resolved, *_credentials()) if not path.startswith(("/usr/", "/etc/", "/opt/"))]


def _credentials() -> t.Iterator[str]:
    """Yield where the credentials for AWS are, under the names by which their clients look for them."""
    for name in FILES:
        if name in os.environ:
            yield os.environ[name]
    for name in TOKENS:
        if name in os.environ:
            yield os.path.dirname(os.environ[name])


def isolation(
    settings: DispatchSettings, variables: dict[str, t.Any], folder: Path, cache: Path
) -> dict[str, t.Any]:
    """Return ansible-runner's arguments for the isolation of the settings.

    :param folder: the run's own folder.
    :param cache: folder that runs share.
    """
    if settings.isolation == "container":
        return {"process_isolation": False}
    return {
        "process_isolation": True,
        "process_isolation_executable": "bwrap",
        "process_isolation_path": str(folder / "isolation"),
        "process_isolation_ro_paths": read_only(settings, variables),
        "process_isolation_show_paths": [str(cache), *writable(settings, variables)],
    }


def writable(settings: DispatchSettings, variables: dict[str, t.Any]) -> list[str]:
    """Return the paths that a run may write, besides its own folder."""
    repository = urlsplit(str(variables.get("platform_gitops_repository", "")))
    own = [repository.path] if repository.scheme in ("", "file") and repository.path.startswith("/") else []
    return [*own, *map(str, settings.run_writable)]


def environment(settings: DispatchSettings, folder: Path, cache: Path) -> dict[str, str]:
    """Return a run's environment, without any secret.

    :param folder: the run's own folder.
    :param cache: folder that runs share.
    """
    temporary = str(folder / "tmp")
    return {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(cache),
        "TMPDIR": temporary,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CACHE_PLUGIN": "memory",
        "ANSIBLE_CALLBACK_PLUGINS": "",
        "ANSIBLE_COLLECTIONS_PATH": os.path.realpath(settings.collections_path),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "False",
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_DEBUG": "False",
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_HOME": str(folder / "home" / ".ansible"),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
        "ANSIBLE_KEEP_REMOTE_FILES": "False",
        "ANSIBLE_LOCAL_TEMP": temporary,
        "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_NO_TARGET_SYSLOG": "True",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_REMOTE_TEMP": temporary,
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_STDOUT_CALLBACK": "",
        "ANSIBLE_VERBOSITY": "0",
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
    }


__all__ = ("RUNNERS_OWN", "environment", "isolation", "read_only", "read_variables", "writable")
