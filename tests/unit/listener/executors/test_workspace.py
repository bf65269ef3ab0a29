# SPDX-License-Identifier: GPL-3.0-or-later
"""The private folders of runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from listener.executors.interface import Work
from listener.executors.inventory import write_inventory
from listener.executors.workspace import Workspace

WORK = Work("0x" + "12" * 32, 7, 3, "trade.start", {"id": "0x12", "specification": {"a": "{{ evil }}"}})


def test_a_jobs_folder_is_private_and_goes_with_the_job(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "one")
    with workspace.job(1, [WORK]) as folder:
        assert folder.stat().st_mode & 0o077 == 0
        assert folder.parent.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    workspace.close()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_living_worker_is_left_alone(tmp_path: Path) -> None:
    living, other = Workspace(tmp_path, "living"), Workspace(tmp_path, "other")
    with living.job(1, [WORK]) as folder:
        assert list(other.abandoned()) == []
        assert folder.exists()
    living.close()
    other.close()


def test_what_a_dead_worker_left_is_found_and_removed(tmp_path: Path) -> None:
    dead = Workspace(tmp_path, "dead")
    job = dead.job(4, [WORK])
    folder = job.__enter__()
    os.close(dead._lock)
    ((owner, found, works),) = list(Workspace(tmp_path, "heir").abandoned())
    assert (owner, found) == ("dead", folder)
    assert [(work.id, work.attempt) for work in works] == [(WORK.id, 3)]
    assert not folder.exists()


def test_a_record_cut_short_is_removed_as_well(tmp_path: Path) -> None:
    folder = tmp_path / "worker-dead" / "1"
    folder.mkdir(parents=True)
    (folder / "works.json").write_text('[{"id"')
    ((_, _, works),) = list(Workspace(tmp_path, "heir").abandoned())
    assert works == []
    assert not folder.exists()


def test_an_interrupted_sweep_removes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "worker-dead" / "1"
    folder.mkdir(parents=True)
    (folder / "works.json").write_text("[]")
    sweep = Workspace(tmp_path, "heir").abandoned()
    next(sweep)
    sweep.close()
    assert folder.exists()


def test_the_inventory_marks_the_whole_command_as_no_template(tmp_path: Path) -> None:
    inventory = write_inventory(tmp_path, [WORK], {"platform_branch": "{{ mine }}"})
    text = (inventory / "hosts.yml").read_text()
    assert "platform_command: !unsafe" in text
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(text)
    assert yaml.safe_load((inventory / "group_vars" / "all.yml").read_text()) == {
        "platform_branch": "{{ mine }}"
    }
