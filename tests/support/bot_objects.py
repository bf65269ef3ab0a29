# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Objects of a bot as Kubernetes shows them."""

from __future__ import annotations

import datetime
import json
import typing as t

Object = dict[str, t.Any]
NOW = datetime.datetime(2026, 1, 1, 10, 0, 0, tzinfo=datetime.UTC)


def at(seconds_ago: float) -> str:
    return (NOW - datetime.timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(*, replicas: int = 1, generation: int = 3, observed: int = 3, **status: t.Any) -> Object:
    return {
        "metadata": {"uid": "d", "generation": generation},
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": observed, **status},
    }


def replica_set(revision: int = 2, owner: str = "d") -> Object:
    return {
        "metadata": {
            "uid": f"rs{revision}",
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [{"uid": owner}],
        }
    }


def ended(exit_code: int = 1, code: str | None = None, *, ago: float = 1, reason: str = "Error") -> Object:
    """A ``terminated`` state, with the termination message of the image when ``code`` is given."""
    state: Object = {"exitCode": exit_code, "reason": reason, "finishedAt": at(ago)}
    if code is not None:
        state["message"] = json.dumps({"code": code, "exit": exit_code})
    return {"terminated": state}


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def container(
    *,
    name: str = "freqtrade",
    state: Object | None = None,
    last: Object | None = None,
    restarts: int = 0,
    ready: bool = False,
) -> Object:
    return {
        "name": name,
        "ready": ready,
        "state": {"running": {}} if state is None else state,
        "lastState": last or {},
        "restartCount": restarts,
        "image": "freqtrade-platform:2026.9",
        "imageID": "sha256:" + "0" * 64,
    }


def pod(
    *containers: Object,
    revision: int = 2,
    created: float = 60,
    ready_since: float | None = None,
    init: t.Sequence[Object] = (),
    phase: str = "Running",
    is_ending: bool = False,
    uid: str = "p",
) -> Object:
    """A pod; ready for ``ready_since`` seconds, or not ready when that is None."""
    condition = {"type": "Ready", "status": "False", "lastTransitionTime": at(created)}
    if ready_since is not None:
        condition = {"type": "Ready", "status": "True", "lastTransitionTime": at(ready_since)}
    metadata = {
        "name": f"cliente-001-freqtrade-{uid}",
        "uid": uid,
        "creationTimestamp": at(created),
        "ownerReferences": [{"uid": f"rs{revision}"}],
    }
    if is_ending:
        metadata["deletionTimestamp"] = at(1)
    variable = {
        "name": "BINANCE_API_KEY",
        "valueFrom": {"secretKeyRef": {"name": "cliente-001-exchange-7", "key": "BINANCE_API_KEY"}},
    }
    return {
        "metadata": metadata,
        "spec": {"containers": [{"name": "freqtrade", "env": [variable]}]},
        "status": {
            "phase": phase,
            "conditions": [condition],
            "initContainerStatuses": list(init),
            "containerStatuses": list(containers),
        },
    }


def ready_pod(seconds: float = 60, **options: t.Any) -> Object:
    return pod(container(ready=True), ready_since=seconds, created=seconds + 10, **options)


def probe_line(code: str, ago: float = 1, text: str = "") -> str:
    return f"{at(ago).replace('Z', '.123456789Z')} bot-health: {code} {text}\n"
