# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitoring chart as Prometheus and Grafana get it; run as a module it prints the rules."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

CHART: t.Final = pathlib.Path(__file__).resolve().parents[2] / "infra" / "charts" / "monitoring"
VARIABLE: t.Final = re.compile(r"\$\{?(\w+)\}?")
LABEL_VALUES: t.Final = re.compile(r"label_values\((\w+), (\w+)\)")


def rendered(*options: str) -> list[dict[str, t.Any]]:
    """Return what helm makes of the chart."""
    command = ["helm", "template", "watch", str(CHART), "--namespace", "monitoring", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def rules(*options: str) -> dict[str, t.Any]:
    """Return the groups of all rules, in the form of a file of Prometheus."""
    found = (manifest for manifest in rendered(*options) if manifest["kind"] == "PrometheusRule")
    return {"groups": [group for manifest in found for group in manifest["spec"]["groups"]]}


def dashboards() -> dict[str, dict[str, t.Any]]:
    """Return Grafana's dashboards by the names of their files, as the chart ships them."""
    found = (manifest for manifest in rendered() if manifest["kind"] == "ConfigMap")
    return {name: json.loads(text) for manifest in found for name, text in manifest["data"].items()}


@dataclass(frozen=True)
class Query:
    """A query of a panel, or of a dashboard's variable where *panel* is empty."""

    dashboard: str
    panel: str
    expression: str

    def filled(self, **variables: str) -> str:
        """Return the query with Grafana's variables replaced; a variable that is not given is an error."""
        return VARIABLE.sub(lambda match: variables[match[1]], self.expression)


def queries() -> Iterator[Query]:
    """Yield every query of every panel, and what the values of variables come from."""
    for file, dashboard in dashboards().items():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                yield Query(file, "", _with_label(variable["query"]["query"]))
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                yield Query(file, panel["title"], target["expr"])


def _with_label(query: str) -> str:
    """Return what a query of Grafana's for a label's values asks of Prometheus."""
    match = LABEL_VALUES.fullmatch(query)
    assert match, f"{query} is no label_values(metric, label)"
    return f'{match[1]}{{{match[2]}!=""}}'


if __name__ == "__main__":
    yaml.safe_dump(rules(), sys.stdout, sort_keys=False)


__all__ = ("CHART", "Query", "dashboards", "queries", "rendered", "rules")
