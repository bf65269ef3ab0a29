# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What a client's pod tells about itself: pure readings of the object and of its log."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import CODES
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import Object
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.masking import mask

CONTAINER: t.Final = "freqtrade"
"""Name of the bot's container in the chart."""

_PROBE_LINE: t.Final = re.compile(r"^(\S+) bot-health: (\w+) ?(.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Probe:
    """What the bot's own probe said last, and since when; it says it once, when its opinion changes."""

    since: datetime.datetime
    code: str
    text: str


@dataclasses.dataclass(frozen=True)
class Container:
    """A container of a pod.

    :param state: ``running``, ``waiting`` or ``terminated``, each with its fields.
    :param end: how it ended last: the ``terminated`` part of its present or its last state.
    """

    name: str
    state: Object
    end: Object | None
    restarts: int

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def waiting(self) -> Object:
        """Reason and message of what it waits for; empty when it does not."""
        found: Object = self.state.get("waiting", {})
        return found

    @property
    def crashes(self) -> int:
        """How often it ended."""
        return self.restarts + (1 if self.end is not None and not self.is_running else 0)

    @property
    def end_code(self) -> str:
        """The code that the image left as its termination message, else what the end itself tells."""
        end = self.end or {}
        try:
            code = json.loads(end.get("message", "")).get("code")
        except (ValueError, AttributeError):
            code = None
        if code in CODES:
            return str(code)
        return "out_of_memory" if end.get("reason") == "OOMKilled" else "bot_crashed"

    @property
    def end_text(self) -> str:
        end = self.end or {}
        return f"{self.name} ended with {end.get('exitCode')} ({end.get('reason', 'no reason')})"


def containers(pod: Object) -> list[Container]:
    """Return the containers of the pod without those that prepared it and ended well."""
    status = pod.get("status", {})
    init = [one for one in status.get("initContainerStatuses") or [] if not _ended_well(one)]
    return [_container(one) for one in init + (status.get("containerStatuses") or [])]


def bot(pod: Object) -> Container:
    """Return the container that trades."""
    empty = Container(CONTAINER, {}, None, 0)
    return next((one for one in containers(pod) if one.name == CONTAINER), empty)


def is_ready(pod: Object) -> bool:
    """Tell whether every container of the pod is ready; a pod without any is not."""
    found = pod.get("status", {}).get("containerStatuses") or []
    return (
        is_alive(pod)
        and bool(found)
        and all(one.get("ready") for one in found)
        and condition(pod, "Ready").get("status") == "True"
    )


def is_occupied(pod: Object) -> bool:
    """Tell whether the pod may hold a process; one that was evicted or has ended does not."""
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def is_alive(pod: Object) -> bool:
    """Tell whether the pod is neither over nor about to be."""
    return is_occupied(pod) and "deletionTimestamp" not in pod["metadata"]


def condition(thing: Object, kind: str) -> Object:
    """Return a condition of an object's status; empty when it has none of that kind."""
    for one in thing.get("status", {}).get("conditions") or []:
        if one.get("type") == kind:
            found: Object = one
            return found
    return {}


def probe(log: str | None) -> Probe | None:
    """Return what stands in the way according to the bot's probe; None when it says nothing or healthy."""
    found = _PROBE_LINE.findall(log or "")
    if not found or found[-1][1] == "healthy":
        return None
    time, code, text = found[-1]
    return Probe(parse_time(time), code, mask(text))


def exchange_references(pod: Object) -> set[str]:
    """Return the names of the Secret, and of its keys, from which the bot takes the exchange's keys."""
    references = set()
    for container in pod.get("spec", {}).get("containers", []):
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {}).get("secretKeyRef")
            if source and variable["name"].startswith("BINANCE_"):
                references |= {source["name"], source["key"]}
    return references


def owners(thing: Object) -> list[str]:
    """Return the uids of the objects that own this one."""
    return [owner["uid"] for owner in thing["metadata"].get("ownerReferences", [])]


def parse_time(text: str) -> datetime.datetime:
    """Parse a time of RFC 3339."""
    return datetime.datetime.fromisoformat(text)


def describe_pod(pod: Object | None) -> Object:
    """Return what the caller may know of the pod."""
    if pod is None:
        return {}
    status = next((one for one in _raw(pod) if one["name"] == CONTAINER), {})
    since = condition(pod, "Ready").get("lastTransitionTime", "") if is_ready(pod) else ""
    digest = re.search(r"sha256:[0-9a-f]{64}", status.get("imageID", ""))
    return {
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
        "ready_since": since,
        "restart_count": status.get("restartCount", 0),
        "image": status.get("image", ""),
        "image_digest": digest[0] if digest else "",
    }


def describe_exit(pod: Object) -> Object:
    """Return code and reason of the container that ended last; empty when none did."""
    ended = last_ended(pod)
    if ended is None or ended.end is None:
        return {}
    return {"code": ended.end.get("exitCode", -1), "reason": ended.end_code}


def describe_log(log: str | None, lines: int) -> list[str]:
    """Return the last lines of a log without the API server's times and without secrets."""
    found = (log or "").splitlines()[-lines:] if lines > 0 else []
    return [mask(line.partition(" ")[2])[:500] for line in found]


def last_ended(pod: Object) -> Container | None:
    """Return the container whose end is the newest."""
    ended = [one for one in containers(pod) if one.end is not None]
    return max(ended, key=lambda one: str((one.end or {}).get("finishedAt") or ""), default=None)


def _raw(pod: Object) -> list[Object]:
    found: list[Object] = pod.get("status", {}).get("containerStatuses") or []
    return found


def _ended_well(status: Object) -> bool:
    return bool(status.get("state", {}).get("terminated", {}).get("exitCode") == 0)


def _container(status: Object) -> Container:
    state, last = status.get("state", {}), status.get("lastState", {})
    end = state.get("terminated") or last.get("terminated")
    return Container(status["name"], state, end, status.get("restartCount", 0))


__all__ = (
    "CONTAINER",
    "Container",
    "Probe",
    "bot",
    "condition",
    "containers",
    "describe_exit",
    "describe_log",
    "describe_pod",
    "exchange_references",
    "is_alive",
    "is_occupied",
    "is_ready",
    "last_ended",
    "owners",
    "parse_time",
    "probe",
)
