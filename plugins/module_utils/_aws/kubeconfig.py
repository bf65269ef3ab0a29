# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The kubeconfig of an EKS cluster: no token is in it, but the program that makes one."""

from __future__ import annotations

import dataclasses
import inspect
import os
import pathlib
import sys
import tempfile
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._aws import (
    token,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._aws.session import (
    Session,
    translated,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

_MARK: t.Final = "bot_freqtrade.platform"
"""Name of the extension by which a file is known as ours."""
_POLL_SECONDS: t.Final = 5


@dataclasses.dataclass(frozen=True)
class EksCluster:
    """What EKS says about a cluster.

    :ivar certificate_authority: PEM in base64.
    """

    name: str
    arn: str
    endpoint: str
    certificate_authority: str
    version: str

    @property
    def summary(self) -> dict[str, str]:
        return {"name": self.name, "arn": self.arn, "endpoint": self.endpoint, "version": self.version}


def find(session: Session, name: str, timeout: float) -> EksCluster:
    """Return the cluster once it is active.

    :param timeout: seconds to wait for that.
    :raises PlatformError: ``cluster_missing``, ``cluster_not_ready``, and those of :func:`translated`.
    """
    client = session.client("eks")
    deadline = time.monotonic() + timeout
    while True:
        with translated(f"read the cluster {name}", session):
            try:
                cluster = client.describe_cluster(name=name)["cluster"]
            except client.exceptions.ResourceNotFoundException:
                raise PlatformError(
                    "cluster_missing", f"There is no EKS cluster {name} in {session.region}"
                ) from None
        if cluster["status"] in ("ACTIVE", "UPDATING"):
            break
        if time.monotonic() >= deadline or cluster["status"] in ("DELETING", "FAILED"):
            raise PlatformError("cluster_not_ready", f"The cluster {name} is {cluster['status']}, not ACTIVE")
        time.sleep(_POLL_SECONDS)
    return EksCluster(
        name, cluster["arn"], cluster["endpoint"], cluster["certificateAuthority"]["data"], cluster["version"]
    )


def text(cluster: EksCluster, session: Session, python: str | None = None) -> str:
    """Return the content of the kubeconfig.

    :param python: interpreter with boto3 that makes the tokens, by default this one.
    """
    import yaml

    environment = [{"name": "AWS_PROFILE", "value": session.profile}] if session.profile else []
    program = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": python or sys.executable,
        "args": ["-c", _Block(inspect.getsource(token)), cluster.name, session.region],
        "env": environment,
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    place = {"server": cluster.endpoint, "certificate-authority-data": cluster.certificate_authority}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "extensions": [{"name": _MARK, "extension": {"cluster": cluster.name, "region": session.region}}],
        "clusters": [{"name": cluster.arn, "cluster": place}],
        "users": [{"name": cluster.arn, "user": {"exec": program}}],
        "contexts": [{"name": cluster.name, "context": {"cluster": cluster.arn, "user": cluster.arn}}],
        "current-context": cluster.name,
    }
    return yaml.dump(document, Dumper=_dumper(), sort_keys=False)


def read_own(path: pathlib.Path) -> str | None:
    """Return the content of a file that this module wrote, None when there is none.

    :raises PlatformError: ``file_not_ours`` for anybody else's, ``usage`` when it cannot be read.
    """
    import yaml

    try:
        found = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise PlatformError("usage", f"Cannot read {path}: {type(error).__name__}") from None
    try:
        names = [each["name"] for each in yaml.safe_load(found)["extensions"]]
    except (yaml.YAMLError, TypeError, KeyError):
        names = []
    if _MARK not in names:
        raise PlatformError(
            "file_not_ours", f"{path} is there, and not a kubeconfig of the platform; it is left alone"
        )
    return found


def is_open(path: pathlib.Path) -> bool:
    """Tell whether others may read or write a file that is there."""
    return path.exists() and bool(path.stat().st_mode & 0o077)


def write(path: pathlib.Path, content: str) -> None:
    """Put a file in place at once, readable by its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        os.replace(name, path)
    except OSError as error:
        raise PlatformError("usage", f"Cannot write {path}: {error.strerror}") from None


class _Block(str):
    """A text that YAML shows line by line."""


def _dumper() -> t.Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def block(dumper: t.Any, data: _Block) -> t.Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", str(data), style="|")

    Dumper.add_representer(_Block, block)
    return Dumper


__all__ = ("EksCluster", "find", "is_open", "read_own", "text", "write")
