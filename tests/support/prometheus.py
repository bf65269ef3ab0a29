# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Prometheus with the rules that the chart renders, on a port of its own."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import signal
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

import yaml

from tests.support.monitoring import queries, rules
from tests.support.processes import find_binary, free_port, running

SUBJECT: t.Final = re.compile(r"absent\((?P<inner>.+)\)|(?P<left>.+?)\s(?:>|<|==)\s.+")


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    port: int

    def query(self, expression: str) -> list[dict[str, t.Any]]:
        """Return the series of an instant query."""
        place = f"http://127.0.0.1:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(place, timeout=10) as answer:
            return t.cast("list[dict[str, t.Any]]", json.load(answer)["data"]["result"])

    def silent(self, **variables: str) -> list[str]:
        """Return the panels and rules whose queries yield no series.

        :param variables: the values of Grafana's variables.
        """
        found = []
        for query in queries():
            if not self.query(query.filled(**variables)):
                found.append(f"{query.dashboard}, {query.panel}: {query.expression}")
        for group in rules()["groups"]:
            for rule in group["rules"]:
                if not self.query(subject(rule["expr"]) if "alert" in rule else rule["record"]):
                    found.append(f"{rule.get('alert') or rule['record']}: {rule['expr']}")
        return found

    def await_series(self, seconds: float, **variables: str) -> None:
        """Wait until every query yields series; fail with those that do not."""
        end = time.monotonic() + seconds
        while missing := self.silent(**variables):
            assert time.monotonic() < end, "No series after {:.0f} s:\n{}".format(seconds, "\n".join(missing))
            time.sleep(1)

    def await_alerts(self, seconds: float, expected: Set[str]) -> None:
        """Wait until no other alerts are pending or firing: a slow scrape leaves some for a while."""
        end = time.monotonic() + seconds
        while (found := {series["metric"]["alertname"] for series in self.query("ALERTS")}) != expected:
            assert time.monotonic() < end, f"After {seconds:.0f} s: {sorted(found)}, not {sorted(expected)}"
            time.sleep(1)


def subject(expression: str) -> str:
    """Return what an alert looks at, without the limit that it is held against."""
    match = SUBJECT.fullmatch(expression.strip())
    assert match, f"{expression} compares nothing"
    return match["inner"] or match["left"]


@contextlib.contextmanager
def running_prometheus(folder: pathlib.Path, ports: Mapping[str, int], *options: str) -> Iterator[Prometheus]:
    """Scrape the loopback *ports* every four seconds until the block ends; the keys are the jobs' names.

    :param options: of helm, for the rules.
    """
    configuration = {
        "global": {"scrape_interval": "4s", "scrape_timeout": "4s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {
                "job_name": name,
                "honor_labels": True,
                "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
            }
            for name, port in ports.items()
        ],
    }
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules(*options)))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    command = [
        "setpriv", "--pdeathsig", "KILL", str(find_binary("prometheus")),
        f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with running(command, folder / "prometheus.log", lambda: _ready(port), stop=signal.SIGTERM):
        yield Prometheus(port)


def _ready(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2).close()
    except (OSError, urllib.error.URLError):
        return False
    return True


__all__ = ("Prometheus", "running_prometheus", "subject")
