# SPDX-License-Identifier: GPL-3.0-or-later
"""What Fluent Bit would make of log lines: its parsers in Ruby's Onigmo, its filter in LuaJIT.

No package registry has Fluent Bit itself. Its engines are the same two.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import tempfile
import typing as t

import yaml

ROOT: t.Final = pathlib.Path(__file__).resolve().parents[3]
VALUES: t.Final = ROOT / "infra" / "addons" / "values" / "fluent-bit.yaml"
HERE: t.Final = pathlib.Path(__file__).parent
Record = dict[str, t.Any]
Section = list[tuple[str, str]]


def values() -> dict[str, t.Any]:
    """Return the values that the addon is installed with."""
    return t.cast(dict[str, t.Any], yaml.safe_load(VALUES.read_text()))


def sections(text: str) -> list[tuple[str, Section]]:
    """Return the sections of a classic configuration: kind, and keys with their values in order."""
    found: list[tuple[str, Section]] = []
    for line in text.splitlines():
        line = line.strip()
        if header := re.fullmatch(r"\[(\w+)\]", line):
            found.append((header[1], []))
        elif line and not line.startswith("#"):
            key, value = line.split(None, 1)
            found[-1][1].append((key, value))
    return found


def parser(name: str, kind: str = "PARSER") -> Section:
    """Return a parser of the configuration."""
    (found,) = (
        keys
        for found_kind, keys in sections(values()["config"]["customParsers"])
        if found_kind == kind and dict(keys)["Name"] == name
    )
    return found


def match(regex: str, lines: list[str]) -> list[dict[str, str] | None]:
    """Return the named groups of each line, as Onigmo finds them."""
    question = json.dumps({"regex": regex, "lines": lines})
    command = ["ruby", "--encoding", "UTF-8", str(HERE / "parse.rb")]
    done = subprocess.run(command, input=question, capture_output=True, text=True, check=True)
    return t.cast("list[dict[str, str] | None]", json.loads(done.stdout))


def join(lines: list[str]) -> list[str]:
    """Return the records that the multi-line parser of the bots makes of lines."""
    rules = [value for key, value in parser("freqtrade", "MULTILINE_PARSER") if key == "Rule"]
    states = dict(re.findall(r'"/?(.*?)/?"', rule)[:2] for rule in rules)
    starts, goes_on = (match(states[state], lines) for state in ("start_state", "cont"))
    records: list[str] = []
    for line, start, more in zip(lines, starts, goes_on, strict=True):
        assert (start is None) is not (more is None), f"the rules do not agree on {line!r}"
        if more is not None and records:
            records[-1] += "\n" + line
        else:
            records.append(line)
    return records


def bot_records(lines: list[str]) -> list[Record]:
    """Return what the parsers make of a bot's lines, before the filter that gives labels."""
    records = join(lines)
    parsed: list[Record] = [{"log": record} for record in records]
    for name in ("bot_check", "freqtrade"):
        for at, groups in enumerate(match(dict(parser(name))["Regex"], records)):
            if groups is not None:
                parsed[at] = {key: value for key, value in groups.items() if value is not None}
    return parsed


def shaped(items: list[tuple[str, Record]]) -> list[Record]:
    """Return what the filter makes of (tag, record)."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        script = folder / "platform.lua"
        script.write_text(values()["luaScripts"]["platform.lua"])
        records = folder / "records.lua"
        records.write_text(f"return {_lua([list(item) for item in items])}")
        command = ["luajit", str(HERE / "shape.lua"), str(script), str(records)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _lua(value: t.Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"[{_lua(key)}]={_lua(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(map(_lua, value)) + "}"
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'
    return json.dumps(value)


__all__ = ("Record", "bot_records", "join", "match", "parser", "sections", "shaped", "values")
