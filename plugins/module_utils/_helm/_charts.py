# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Where a chart comes from, and the one that is there."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._helm._program import Helm


@dataclasses.dataclass(frozen=True)
class Source:
    """What names a chart.

    :param chart: a path, ``oci://…``, or its name in the repository.
    :param repository: URL of a repository; None for the other two.
    :param version: that it must have; needed for all but a path.
    :param app_version: that the program in it must have; None for any.
    """

    chart: str
    repository: str | None = None
    version: str | None = None
    app_version: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether a version of it has one content for ever, as repositories promise."""
        return self.repository is not None or self.chart.startswith("oci://")

    @property
    def name(self) -> str:
        """Its name, as far as the source tells it."""
        return self.chart.rstrip("/").rpartition("/")[2]

    def require(self) -> None:
        """Refuse what names no chart.

        :raises PlatformError: ``usage``.
        """
        if self.is_remote and self.version is None:
            raise PlatformError("usage", f"The chart {self.chart} needs a version")
        path = Path(self.chart)
        if not self.is_remote and not path.is_file() and not (path / "Chart.yaml").is_file():
            raise PlatformError("usage", f"There is no chart at {self.chart}")


@dataclasses.dataclass(frozen=True)
class Chart:
    """A chart on this host."""

    path: str
    name: str
    version: str
    app_version: str | None


@contextlib.contextmanager
def located(helm: Helm, source: Source) -> t.Iterator[Chart]:
    """Yield the chart of a source, fetched for the time of the block if need be.

    :raises PlatformError: ``chart_unavailable``; ``release_refused`` when it has another version.
    """
    if not source.is_remote:
        yield _described(helm, source, source.chart)
        return
    with tempfile.TemporaryDirectory(prefix="bot_freqtrade-chart-") as folder:
        place = ["--repo", source.repository] if source.repository else []
        version = ["--version", source.version] if source.version else []
        helm.fetch("pull", source.chart, *place, *version, "--destination", folder)
        archives = os.listdir(folder)
        if len(archives) != 1:
            raise PlatformError(
                "chart_unavailable", f"helm pull of {source.chart} left {len(archives)} files"
            )
        yield _described(helm, source, os.path.join(folder, archives[0]))


def _described(helm: Helm, source: Source, path: str) -> Chart:
    import yaml

    try:
        found: dict[str, t.Any] = yaml.safe_load(helm.fetch("show", "chart", path))
        chart = Chart(path, found["name"], str(found["version"]), str(found.get("appVersion", "")))
    except (yaml.YAMLError, KeyError, TypeError):
        raise PlatformError("chart_unavailable", f"The chart at {path} does not describe itself") from None
    for what, wanted, has in (
        ("version", source.version, chart.version),
        ("app version", source.app_version, chart.app_version),
    ):
        if wanted is not None and wanted != has:
            raise PlatformError(
                "release_refused", f"The chart {chart.name} has the {what} {has}, not {wanted}"
            )
    return chart


__all__ = ("Chart", "Source", "located")
