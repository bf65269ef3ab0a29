# SPDX-License-Identifier: GPL-3.0-or-later
"""Search for secrets where none may be: each as it is, in base64, in hex, URL-escaped and JSON-escaped."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import os
import subprocess
import urllib.parse
from collections.abc import Iterable, Iterator

SHORTEST = 12
"""Shorter values are found by chance."""


@dataclasses.dataclass(frozen=True)
class Secret:
    """A value that may be known in few places.

    :param name: what a report calls it; the value is never shown.
    """

    name: str
    value: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Hit:
    """A secret that was found."""

    secret: str
    place: str


def forms(value: bytes) -> set[bytes]:
    """All ways in which a value may be written down; a text of several lines is looked for line by line."""
    lines = [line.strip() for line in value.splitlines() if len(line.strip()) >= SHORTEST]
    return set(itertools.chain.from_iterable(map(_line_forms, lines)))


def _line_forms(line: bytes) -> Iterator[bytes]:
    yield line
    yield line.hex().encode()
    yield line.hex().upper().encode()
    text = line.decode("latin-1")
    yield urllib.parse.quote(text, safe="").encode()
    yield urllib.parse.quote(text).encode()
    yield json.dumps(text)[1:-1].encode()
    yield from _base64_forms(line)


def _base64_forms(line: bytes) -> Iterator[bytes]:
    """What base64 makes of a value at each of the three places that it can have in a longer text."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(bytes(before) + line).rstrip(b"=")
            # The outermost characters depend on the neighbours too.
            first = (before * 8 + 5) // 6
            last = len(whole) if (before + len(line)) % 3 == 0 else len(whole) - 1
            yield whole[first:last]


def batches(places: Iterable[tuple[str, bytes]], size: int = 1 << 23) -> Iterator[list[tuple[str, bytes]]]:
    """Places in groups of about *size* bytes."""
    batch: list[tuple[str, bytes]] = []
    length = 0
    for place in places:
        batch.append(place)
        length += len(place[1])
        if length > size:
            yield batch
            batch, length = [], 0
    yield batch


class Search:
    """Looks for all forms of all secrets at once."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._patterns = [(form, secret.name) for secret in secrets for form in forms(secret.value)]
        if not self._patterns:
            raise ValueError("There is nothing to look for")

    def hits_in(self, places: list[tuple[str, bytes]]) -> list[Hit]:
        """The secrets that any of these places holds; together they cost hardly more than one.

        Halves are asked until each place with a secret is alone: a start of grep takes longer than a place.
        """
        if len(places) == 1:
            return self.hits(*places[0])
        if not self._any(b"\n".join(content for _, content in places)):
            return []
        middle = len(places) // 2
        return self.hits_in(places[:middle]) + self.hits_in(places[middle:])

    def hits(self, place: str, content: bytes) -> list[Hit]:
        """The secrets that *content* holds."""
        if not self._any(content):
            return []
        return [
            Hit(name, place) for name in sorted({name for form, name in self._patterns if form in content})
        ]

    def _any(self, content: bytes) -> bool:
        """Ask grep, which looks for many patterns in one pass; they reach it by a pipe, never a file."""
        reader, writer = os.pipe()
        listing = b"\n".join(form for form, _ in self._patterns)
        child = subprocess.Popen(
            ["grep", "--text", "--quiet", "--fixed-strings", f"--file=/dev/fd/{reader}"],
            stdin=subprocess.PIPE,
            pass_fds=[reader],
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        )
        os.close(reader)
        try:
            with os.fdopen(writer, "wb") as patterns:
                patterns.write(listing)
            # Lines of megabytes are slow for grep; zero bytes are where binary content breaks naturally.
            child.communicate(content.replace(b"\0", b"\n"))
        except BrokenPipeError:
            child.wait()  # it has found something and needs no more
        if child.returncode not in (0, 1):
            raise RuntimeError(f"grep ended with {child.returncode}")
        return child.returncode == 0
