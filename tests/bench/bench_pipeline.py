# SPDX-License-Identifier: GPL-3.0-or-later
"""From a mined event to its approval, against the floor: ``bench_pipeline.py [--runs N]``.

Both run in turn on the same platform, so their ratio holds where the seconds do not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import tempfile
import time
import typing as t

import yaml

from tests.bench.floor import Floor
from tests.e2e.conftest import new_clients
from tests.e2e.live import ROOT, Live, Sent, eventually
from tests.e2e.parcels import Sealer
from tests.e2e.story import STOP, start
from tests.e2e.trail import Trail

Stages = dict[str, float]

RESULT = ROOT / "build" / "bench" / "pipeline.json"


def approve(live: Live, trail: Trail, client: int) -> Stages:
    """Start a client's bot by a command; seconds of each stage, and of all from mined block to verdict."""
    sealer = Sealer(live)
    sent = sealer.submit(sealer.parcel(client, start("SampleTrend")))
    begin = time.time()
    verdict = eventually(lambda: live.verdict(sent.id), "a verdict", 300, 0.05)
    end = time.time()
    if verdict.status != "Approved":
        raise SystemExit(f"The start ended {verdict.status} {verdict.reason}\n{trail.story(sent.id)}")
    timings = trail.row(sent.id)["timings"] | {"mined": begin, "verdict": end}
    reached = sorted((moment, stage) for stage, moment in timings.items() if begin <= moment <= end)
    stages = {stage: moment - before for (before, _), (moment, stage) in itertools.pairwise(reached)}
    return stages | {"total": end - begin}


def stop(live: Live, client: int) -> None:
    """Stop a client's bot."""
    sent: Sent = live.send(client, STOP)
    if live.decided(sent).status != "Approved":
        raise SystemExit("The stop was not approved")


def medians(runs: list[Stages]) -> Stages:
    """The median of each stage."""
    return {name: round(statistics.median(run.get(name, 0.0) for run in runs), 2) for name in runs[0]}


def measure(runs: int) -> dict[str, t.Any]:
    """Measure both in turn."""
    live = Live()
    trail = Trail(live)
    variables = yaml.safe_load((ROOT / "build" / "local" / "vars.yml").read_text())
    (client,) = new_clients(live, 1)
    first = approve(live, trail, client)
    values = live.values(client)
    stop(live, client)
    pipeline: list[Stages] = []
    floors: list[Stages] = []
    floor = Floor(live, client, variables["platform_health_stable_seconds"])
    with tempfile.TemporaryDirectory() as folder:
        floor.prepare(folder, values)
        try:
            for number in range(1, runs + 1):
                floors.append(floor.measure())
                floor.stop()
                pipeline.append(approve(live, trail, client))
                stop(live, client)
                totals = f"floor {floors[-1]['total']:.1f} s, pipeline {pipeline[-1]['total']:.1f} s"
                print(f"run {number} of {runs}: {totals}", flush=True)
        finally:
            floor.remove()
    return {
        "host": host_facts(),
        "runs": runs,
        "first_start": {name: round(seconds, 2) for name, seconds in first.items()},
        "pipeline": {"median": medians(pipeline), "runs": pipeline},
        "floor": {"median": medians(floors), "runs": floors},
        "ratio": round(medians(pipeline)["total"] / medians(floors)["total"], 2),
    }


def host_facts() -> dict[str, t.Any]:
    """What the numbers were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "system": f"{platform.system()} {platform.release()}",
        "distribution": platform.freedesktop_os_release()["PRETTY_NAME"],
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="how many of each (10)")
    result = measure(parser.parse_args().runs)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({name: result[name] for name in ("ratio", "first_start")}, indent=2))


if __name__ == "__main__":
    main()
