# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Roles of the collection, played on this host as an operator plays them."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

_RECAP = re.compile(r"localhost\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")


@dataclasses.dataclass(frozen=True)
class Played:
    """The end of a play.

    :param output: what it printed.
    """

    code: int
    output: str
    changed: int
    failed: int


def play_role(
    role: str,
    variables: t.Mapping[str, t.Any],
    folder: Path,
    *options: str,
    environment: t.Mapping[str, str] | None = None,
) -> Played:
    """Play one role of the collection with these variables.

    :param folder: where the playbook is written.
    :param options: of ansible-playbook, such as ``--check``.
    """
    play = {
        "name": "Play a role",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable, **variables},
        "roles": [f"bot_freqtrade.platform.{role}"],
    }
    playbook = folder / f"{role}.yml"
    playbook.write_text(json.dumps([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", *options, str(playbook)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false", **(environment or {})},
    )
    output = done.stdout + done.stderr
    counts = _RECAP.search(output)
    assert counts, output
    return Played(done.returncode, output, int(counts[2]), int(counts[4]))
