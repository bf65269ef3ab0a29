# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the story on the running local platform and writes build/demo/report.json.

example: make demo
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time

from .live import FACTS, ROOT, Live, NotSeenError
from .story import Story

REPORT = ROOT / "build" / "demo" / "report.json"


def table(commands: list[dict[str, object]]) -> str:
    """The commands as lines of a table."""
    head = ("client", "sequence", "operation", "outcome", "reason", "seconds")
    rows = [head, *(tuple(str(command[name]) for name in head) for command in commands)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def addresses(live: Live) -> str:
    """Where to look at a running platform."""
    facts = live.facts
    rows = {
        "API of clients": f"{facts['api_url']}  (token: {facts['api_token_file']})",
        "health, metrics": f"{facts['api_url']}/readyz  {facts['api_url']}/metrics",
        "Kubernetes": f"KUBECONFIG={facts['admin_kubeconfig']}",
        "Git repository": facts["gitops_repository"],
        "chain": f"{facts['rpc_url']}  contract {facts['contract']}",
        "exchange stand-in": facts["exchange_url"],
        "inventory": facts["inventory"],
        "logs": facts["logs"],
    }
    return "\n".join(f"{name:18} {where}" for name, where in rows.items())


def main() -> int:
    """Exit code 0 when every chapter was seen, 1 with the first thing that was not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--facts", type=pathlib.Path, default=FACTS, help="platform.json of the platform")
    parser.add_argument("--report", type=pathlib.Path, default=REPORT, help="where the report goes")
    parser.add_argument("--addresses", action="store_true", help="only tell where to look at the platform")
    options = parser.parse_args()
    if options.addresses:
        print(addresses(Live(options.facts)))
        return 0
    began = time.monotonic()
    story = Story(
        Live(options.facts), lambda line: print(f"[{time.monotonic() - began:6.1f} s] {line}", flush=True)
    )
    try:
        story.play()
    except NotSeenError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(json.dumps({"commands": story.commands}, indent=2) + "\n")
    print("\n" + table(story.commands) + f"\n\nReport: {options.report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
