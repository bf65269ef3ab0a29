# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Read a release, compare it with what is wanted, and install, upgrade or remove it."""

from __future__ import annotations

import dataclasses
import datetime
import json
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._charts import (
    Chart,
    Source,
    located,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._cluster import (
    capabilities,
    renew_crds,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._manifest import (
    Objects,
    objects_of,
    shown_change,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._program import Helm
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._values import Values
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import Cluster

_DEPLOYED: t.Final = "deployed"
_KEPT_REVISIONS: t.Final = "5"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A release as it shall be.

    :param wait: whether it is done only when its workloads are ready.
    :param seconds: how long that may take.
    """

    name: str
    namespace: str
    source: Source
    values: Values
    wait: bool = True
    seconds: int = 600


@dataclasses.dataclass(frozen=True)
class Found:
    """A release as Helm keeps it.

    :param status: in Helm's words; only ``deployed`` is at its end and well.
    :param since: when its revision was begun.
    """

    chart: str
    version: str
    app_version: str
    revision: int
    status: str
    since: datetime.datetime
    values: Values

    @property
    def is_busy(self) -> bool:
        """Whether somebody is at work on it, or was when he was interrupted."""
        return self.status.startswith("pending-") or self.status == "uninstalling"

    def shown(self) -> dict[str, t.Any]:
        return {
            "chart": self.chart,
            "version": self.version,
            "app_version": self.app_version,
            "status": self.status,
            "values": self.values,
        }


@dataclasses.dataclass(frozen=True)
class Change:
    """What was done to a release, or would be.

    :param action: ``none``, ``installed``, ``upgraded`` or ``removed``.
    :param found: the release afterwards; in check mode, before. None where there is none.
    """

    action: str
    found: Found | None
    before: dict[str, t.Any]
    after: dict[str, t.Any]

    @property
    def changed(self) -> bool:
        return self.action != "none"


class Releases:
    """The releases of one cluster.

    :param helm: and ``cluster`` must reach the same one.

    Every method raises what :meth:`Helm.run` and the cluster raise.
    """

    def __init__(self, helm: Helm, cluster: Cluster) -> None:
        self._helm = helm
        self._cluster = cluster

    def ensure(self, wanted: Wanted, *, check: bool) -> Change:
        """Install the release, or upgrade it where its chart, values or status are not as wanted.

        A chart of a repository is looked at only when something else has changed: its version says it all.
        One of this host is rendered and compared with what the release was made of.

        :param check: read and plan only.
        :raises PlatformError: as well ``usage``, ``chart_unavailable``, and ``release_busy`` when somebody
            began a change that may still be going on.
        """
        wanted.source.require()
        found = self.find(wanted)
        self._refuse_busy(found, wanted)
        if found and wanted.source.is_remote and self._is_so(found, wanted):
            return Change("none", found, found.shown(), found.shown())
        with located(self._helm, wanted.source) as chart:
            before = objects_of(self._manifest(wanted)) if found and not found.is_busy else {}
            if found and self._is_so(found, wanted, chart) and before == self._rendered(wanted, chart):
                return Change("none", found, found.shown(), found.shown())
            after = self._foreseen(wanted, chart, upgrade=found is not None)
            if not check:
                self._settle(found, wanted)
                self._install(wanted, chart, renew=found is not None)
        old, new = shown_change(before, after)
        return Change(
            "upgraded" if found else "installed",
            found if check else self.find(wanted),
            {**found.shown(), "objects": old} if found else {},
            {**_as_wanted(wanted, chart), "objects": new},
        )

    def remove(self, wanted: Wanted, *, check: bool) -> Change:
        """Remove the release with all that it made, but for CRDs and what the chart tells Helm to keep."""
        found = self.find(wanted)
        if found is None:
            return Change("none", None, {}, {})
        if not check:
            self._uninstall(wanted)
        return Change("removed", None, found.shown(), {})

    def find(self, wanted: Wanted) -> Found | None:
        """Return the newest revision of the release; None where there is none."""
        place = (wanted.name, "--namespace", wanted.namespace)
        about = self._helm.find("get", "metadata", *place)
        if about is None:
            return None
        values = self._helm.find("get", "values", *place)
        return Found(
            chart=about["chart"],
            version=about["version"],
            app_version=about.get("appVersion", ""),
            revision=about["revision"],
            status=about["status"],
            since=datetime.datetime.fromisoformat(about["deployedAt"]),
            values=values or {},
        )

    def _refuse_busy(self, found: Found | None, wanted: Wanted) -> None:
        if found is None or not found.is_busy:
            return
        age = (datetime.datetime.now(datetime.UTC) - found.since).total_seconds()
        if age < wanted.seconds:
            raise PlatformError(
                "release_busy",
                f"The release {wanted.name} is {found.status} for {age:.0f} s. It counts as abandoned after "
                f"{wanted.seconds} s",
                status=found.status,
            )

    def _is_so(self, found: Found, wanted: Wanted, chart: Chart | None = None) -> bool:
        """Whether a release is as wanted, as far as its source or the chart itself tells."""
        about = chart or Chart("", wanted.source.name, wanted.source.version or "", wanted.source.app_version)
        return (
            found.status == _DEPLOYED
            and found.values == wanted.values
            and (found.chart, found.version) == (about.name, about.version)
            and about.app_version in (None, found.app_version)
        )

    def _manifest(self, wanted: Wanted) -> str:
        return self._helm.run("get", "manifest", wanted.name, "--namespace", wanted.namespace)

    def _rendered(self, wanted: Wanted, chart: Chart) -> Objects:
        """Return what an upgrade would make, asking the cluster as charts may do."""
        arguments = ("--namespace", wanted.namespace, "--dry-run=server", "--output", "json")
        answer = self._helm.run("upgrade", wanted.name, chart.path, *arguments, values=wanted.values)
        return objects_of(json.loads(answer)["manifest"])

    def _foreseen(self, wanted: Wanted, chart: Chart, *, upgrade: bool) -> Objects:
        """Return what the chart makes without a cluster: its kinds may not be there yet."""
        arguments = ["--namespace", wanted.namespace, "--no-hooks", *capabilities(self._cluster)]
        arguments += ["--is-upgrade"] if upgrade else []
        return objects_of(
            self._helm.run("template", wanted.name, chart.path, *arguments, values=wanted.values)
        )

    def _settle(self, found: Found | None, wanted: Wanted) -> None:
        """End what an interrupted run left: Helm refuses to go on from there."""
        if found is None or not found.is_busy:
            return
        if found.status in ("pending-install", "uninstalling"):
            self._uninstall(wanted)
        else:
            self._helm.run("rollback", wanted.name, "--namespace", wanted.namespace)

    def _install(self, wanted: Wanted, chart: Chart, *, renew: bool) -> None:
        if renew:
            renew_crds(self._cluster, objects_of(self._helm.fetch("show", "crds", chart.path)))
        arguments = [
            "--install",
            "--namespace",
            wanted.namespace,
            "--create-namespace",
            "--reset-values",
            "--history-max",
            _KEPT_REVISIONS,
            "--hide-notes",
        ]
        if wanted.wait:
            arguments += ["--wait", "--wait-for-jobs"]
        self._helm.run(
            "upgrade",
            wanted.name,
            chart.path,
            *arguments,
            f"--timeout={wanted.seconds}s",
            values=wanted.values,
            seconds=wanted.seconds,
        )

    def _uninstall(self, wanted: Wanted) -> None:
        arguments = ("--namespace", wanted.namespace, "--ignore-not-found", "--wait")
        limit = f"--timeout={wanted.seconds}s"
        self._helm.run("uninstall", wanted.name, *arguments, limit, seconds=wanted.seconds)


def _as_wanted(wanted: Wanted, chart: Chart) -> dict[str, t.Any]:
    return {
        "chart": chart.name,
        "version": chart.version,
        "app_version": chart.app_version,
        "status": _DEPLOYED,
        "values": wanted.values,
    }


__all__ = ("Change", "Found", "Releases", "Wanted")
