# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/benchmarks.md from the results in build/bench."""

from __future__ import annotations

import json
import typing as t

from tests.bench.floor import APPLY
from tests.e2e.live import ROOT

RESULTS = ROOT / "build" / "bench"
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

`make bench` measures and writes this page. All numbers of a table are of one run on one host that others
use too: the ratios hold elsewhere, the seconds do not.
"""

Result = dict[str, t.Any]


def pipeline(result: Result) -> str:
    """The section on the way of a command."""
    facts, median, floor = result["host"], result["pipeline"]["median"], result["floor"]["median"]
    totals = {
        "event mined → Approved": median["total"],
        "floor": floor["total"],
        "first start of a new client, once": result["first_start"]["total"],
    }
    return f"""\
## A command, from mined block to Approved

{facts["distribution"]}, {facts["system"]}, {facts["cores"]} shared cores, {facts["memory_gib"]} GiB,
Python {facts["python"]}; {facts["date"]}. Medians of {result["runs"]} runs of each, in turn.
The floor waits for the same finality, then runs `helm template | kubectl apply` of the same values
until the same readiness held for the same time. **Ratio: {result["ratio"]:.2f}**

{_table("In all", totals)}

{_table("Command: seconds to each stage from the one before", median)}

{_table("Floor: seconds of each stage", floor)}

{_table("Where the rest goes: seconds beyond the floor", beyond(median, floor))}
"""


def beyond(command: dict[str, float], floor: dict[str, float]) -> dict[str, float]:
    """The seconds that a command takes and the floor does not, by what they are for.

    They add up to the difference of the medians only nearly: each is a median of its own.
    """

    def seconds(*stages: str, but: tuple[str, ...] = ()) -> float:
        return sum(command[stage] for stage in stages) - sum(floor[stage] for stage in but)

    return {
        "its event is found and its block final": seconds("seen", but=("finality",)),
        "it is admitted, claimed, and ansible-playbook starts": seconds("admitted", "claimed", "started"),
        "the client's namespace, Secrets and schema are made or found right": seconds("prepared"),
        "its state is committed and pushed": seconds("committed"),
        "Argo CD reads, renders and applies it": seconds("synced", but=(APPLY,)),
        "the bot becomes ready, stays it, and is judged": seconds(
            "healthy", but=("pod ready", "readiness held")
        ),
        "the decision is committed, the Secrets of before are pruned": seconds("decided_in_git", "decided"),
        "the verdict is mined": seconds("sent", "verdict"),
    }


def bot_values(result: Result) -> str:
    """The section on commits."""
    columns = ("name", "writers", "commits_per_second", "median_ms", "p95_ms")
    rows = "\n".join(f"| {' | '.join(str(row[column]) for column in columns)} |" for row in result["rows"])
    ratios = "\n".join(f"- {name}: {ratio}" for name, ratio in result["ratios"].items())
    host = result["host"]
    return f"""\
## Commits of bot_values

{host["system"]}, {host["machine"]}, Python {host["python"]}.

| | writers | commits per second | median ms | 95 % below ms |
| --- | --- | --- | --- | --- |
{rows}

{ratios}
"""


def _table(title: str, stages: dict[str, float]) -> str:
    shown = {name.replace("|", "\\|"): seconds for name, seconds in stages.items() if name != "total"}
    rows = [f"| {name} | {seconds:.2f} |" for name, seconds in shown.items()]
    return "\n".join([f"| {title} | seconds |", "| --- | --- |", *rows])


def main() -> None:
    """Write the page from the results that are there."""
    sections = {"pipeline": pipeline, "bot_values": bot_values}
    found = {name: RESULTS / f"{name}.json" for name in sections if (RESULTS / f"{name}.json").exists()}
    texts = [sections[name](json.loads(path.read_text())) for name, path in found.items()]
    PAGE.write_text("\n".join([HEAD, *texts]), encoding="utf-8")


if __name__ == "__main__":
    main()
