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


def main() -> int:
    """Exit code 0 when every chapter was seen, 1 with the first thing that was not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--facts", type=pathlib.Path, default=FACTS, help="platform.json of the platform")
    parser.add_argument("--report", type=pathlib.Path, default=REPORT, help="where the report goes")
    options = parser.parse_args()
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
