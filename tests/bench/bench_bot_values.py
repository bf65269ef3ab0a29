# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Commits per second of bot_values with one and with eight writers: ``bench_bot_values.py [JSON]``.

All rows are of one run on one host, so their ratios hold where their numbers do not. The floor is
``git push`` alone of commits that are there already; the usual way is a new clone for each commit.
"""

from __future__ import annotations

import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.tests.support.gitops import Origin
from ansible_collections.bot_freqtrade.platform.tests.support.writers import Writer

COMMITS = 120
CLIENTS = 200
"""Files in the repository before the first commit."""

Row = dict[str, t.Any]


def measure(name: str, writers: int, seconds: float, each: list[float]) -> Row:
    ordered = sorted(each)
    return {
        "name": name,
        "writers": writers,
        "commits": len(each),
        "commits_per_second": round(len(each) / seconds, 2),
        "median_ms": round(statistics.median(ordered) * 1000, 1),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))] * 1000, 1),
    }


def fill(origin: Origin) -> None:
    """Give the repository as many clients as a grown platform has."""
    for client in range(1, CLIENTS + 1):
        path = origin.work / "clientes" / f"cliente-{client:03d}" / "values.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("replicas: 0\n", encoding="ascii")
    origin.git("add", ".")
    origin.git("commit", "--quiet", "-m", "Fill")
    origin.git("push", "--quiet", origin.url, "main")


def bench_writers(name: str, count: int, one_host: bool, directory: pathlib.Path) -> Row:
    directory.mkdir()
    origin = Origin.create(directory)
    fill(origin)
    caches = [directory / ("cache" if one_host else f"cache-{number}") for number in range(count)]
    writers = [Writer(origin.url, cache, number + 1, COMMITS // count) for number, cache in enumerate(caches)]
    for writer in writers:
        writer.wait_until_ready()
    begin = time.monotonic()
    for writer in writers:
        writer.go()
    each = [seconds for writer in writers for seconds in writer.seconds()]
    row = measure(name, count, time.monotonic() - begin, each)
    if len(origin.log()) != 2 + len(each):
        raise SystemExit(f"{name}: commits were lost")
    return row


def bench_push(directory: pathlib.Path) -> Row:
    directory.mkdir()
    origin = Origin.create(directory)
    fill(origin)
    commits = []
    for number in range(COMMITS // 4):
        (origin.work / "clientes/cliente-001/values.yaml").write_text(
            f"replicas: 0 # {number}\n", encoding="ascii"
        )
        origin.git("commit", "--quiet", "-a", "-m", str(number))
        commits.append(origin.git("rev-parse", "HEAD").strip())
    return loop("git push alone (floor)", commits, lambda commit: push(origin, commit))


def push(origin: Origin, commit: str) -> None:
    command = ["git", "-C", str(origin.work), "push", "--quiet", origin.url, f"{commit}:refs/heads/main"]
    subprocess.run(command, check=True)


def bench_clone(directory: pathlib.Path) -> Row:
    directory.mkdir()
    origin = Origin.create(directory)
    fill(origin)

    def commit(number: str) -> None:
        clone = directory / f"clone-{number}"
        subprocess.run(["git", "clone", "--quiet", "--depth=1", origin.url, str(clone)], check=True)
        (clone / "clientes/cliente-001/values.yaml").write_text(f"replicas: 0 # {number}\n", encoding="ascii")
        there = Origin(origin.bare, clone)
        there.git("commit", "--quiet", "-a", "-m", number)
        there.git("push", "--quiet", "origin", "main")

    return loop("clone, commit, push (the usual way)", [str(n) for n in range(COMMITS // 4)], commit)


def loop(name: str, items: list[str], act: t.Callable[[str], None]) -> Row:
    each = []
    begin = time.monotonic()
    for item in items:
        start = time.monotonic()
        act(item)
        each.append(time.monotonic() - start)
    return measure(name, 1, time.monotonic() - begin, each)


def report(rows: list[Row]) -> Row:
    rates = {row["name"]: row["commits_per_second"] for row in rows}
    one = rates["bot_values, one writer"]
    return {
        "benchmark": "bot_values",
        "host": {
            "machine": platform.machine(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "rows": rows,
        "ratios": {
            "eight writers to one": round(rates["bot_values, eight writers"] / one, 2),
            "one writer to git push alone": round(one / rates["git push alone (floor)"], 2),
            "one writer to the usual way": round(one / rates["clone, commit, push (the usual way)"], 2),
        },
    }


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        rows = [
            bench_push(directory / "push"),
            bench_clone(directory / "clone"),
            bench_writers("bot_values, one writer", 1, True, directory / "one"),
            bench_writers("bot_values, eight writers", 8, True, directory / "eight"),
            bench_writers("bot_values, eight hosts", 8, False, directory / "hosts"),
        ]
    result = report(rows)
    print(f"{'':38}{'writers':>8}{'commits':>9}{'per second':>12}{'median ms':>11}{'p95 ms':>9}")
    for row in rows:
        print(
            f"{row['name']:38}{row['writers']:8}{row['commits']:9}{row['commits_per_second']:12}"
            f"{row['median_ms']:11}{row['p95_ms']:9}"
        )
    for ratio, value in result["ratios"].items():
        print(f"{ratio}: {value}")
    for path in arguments:
        pathlib.Path(path).write_text(json.dumps(result, indent=2) + "\n", encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1:])
