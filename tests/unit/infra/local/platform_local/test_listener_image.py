# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The local listener's image has all that its recipe copies, and is another one when any of it changes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from platform_local import images
from platform_local.paths import Layout

ROOT = Path(__file__).resolve().parents[5]


def test_the_image_is_made_of_what_the_recipe_copies() -> None:
    recipe = (ROOT / "listener" / "Dockerfile").read_text()
    lines = [line.split()[1:-1] for line in recipe.splitlines() if re.match("COPY (?!--from)", line)]
    copied = {source.split("/")[0] for sources in lines for source in sources}
    assert copied == set(images.LISTENER_SOURCES)


def test_a_changed_playbook_makes_another_image(tmp_path: Path) -> None:
    for name in (*images.LISTENER_SOURCES, "infra/local/python_image"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, tmp_path / name)
    before = images.listener_name(Layout(tmp_path))
    assert before == images.listener_name(Layout(ROOT))
    with (tmp_path / "playbooks" / "trade_start.yml").open("a") as playbook:
        playbook.write("# changed\n")
    assert images.listener_name(Layout(tmp_path)) != before
