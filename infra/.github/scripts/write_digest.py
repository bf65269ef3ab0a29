#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Write an image into the values that all bots get: ``write_digest.py FILE REPOSITORY TAG DIGEST``.

Only the three lines of the image change; comments, order and everything else of the file stay as they are.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PATTERNS = {
    "repository": r"[a-z0-9]([a-z0-9./:_-]{0,253}[a-z0-9])?",
    "tag": r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}",
    "digest": r"sha256:[0-9a-f]{64}",
}
"""What the chart's schema takes."""


class NotWritableError(ValueError):
    """The file has no place for the image, or the image has no such form."""


def with_image(text: str, image: dict[str, str]) -> str:
    """Return a file of values with another image in it.

    :param text: YAML with ``image:`` at its top level, one key in a line.
    :param image: repository, tag and digest.
    :raises NotWritableError: says what is wrong; nothing is guessed.
    """
    for name, value in image.items():
        if not re.fullmatch(PATTERNS[name], value):
            raise NotWritableError(f"{value!r} is no {name} of an image")
    lines = text.splitlines(keepends=True)
    start = _only(
        [number for number, line in enumerate(lines) if re.match(r"image:\s*(#.*)?$", line)], "image:"
    )
    rest = range(start + 1, len(lines))
    end = next((number for number in rest if re.match(r"[^\s#]", lines[number])), len(lines))
    for name, value in image.items():
        key = re.compile(rf"(  {name}:)[ \t]*(?:\"[^\"]*\"|'[^']*'|[^\s#]*)([ \t]*(?:#.*)?)$")
        number = _only([number for number in range(start, end) if key.match(lines[number])], f"image.{name}")
        lines[number] = key.sub(rf'\1 "{value}"\2', lines[number])
    return "".join(lines)


def _only(found: list[int], name: str) -> int:
    if len(found) != 1:
        raise NotWritableError(f"{name} stands {len(found)} times where it must stand once")
    return found[0]


def main(arguments: list[str]) -> int:
    """Write the image; 1 with a reason on standard error when it cannot be written."""
    try:
        file, *values = arguments
        image = dict(zip(PATTERNS, values, strict=True))
        path = Path(file)
        text = path.read_text(encoding="utf-8")
        changed = with_image(text, image)
    except (ValueError, OSError) as error:
        print(f"write_digest.py: {error}", file=sys.stderr)
        return 1
    if changed != text:
        path.write_text(changed, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
