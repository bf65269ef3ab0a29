# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches one guard after the other off under a running platform, and expects its test to fail.

    python -m tests.e2e.guards [part of a guard's name ...]

It edits the checkout that it stands in, from which the platform must run (``make demo-up`` there), and
puts every file back. Run it in a clone of its own. Each guard costs the time of its test. A guard behind
which another stands whatever the faults do (an outcome's lease, a recorded decision) is not here: tests of
units and of integration take it away.
"""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator

from tests.e2e.live import ROOT, Live
from tests.e2e.machine import ROLES, Machine

_FAULTS: t.Final = "tests/e2e/faults"
_STRATEGY: t.Final = (
    "(groups['all'] | length == 1) | ternary('ansible.builtin.linear', 'ansible.builtin.host_pinned')"
)
_ENDED: t.Final = {0: "NOT NOTICED", 1: "noticed"}


class Edit(t.NamedTuple):
    """A line of a file, and what stands there without the guard."""

    file: str
    line: str
    without: str


class Guard(t.NamedTuple):
    """What is protected, the test that must notice its absence, and the lines that protect it."""

    name: str
    test: str
    edits: tuple[Edit, ...]


_FLOOR: t.Final = Edit(
    "plugins/module_utils/_secrets/_plan.py", "if wanted.sequence < floor:", "if wanted.sequence < 0:"
)
"""It ends a late run before the fence in Git does."""

GUARDS: t.Final = (
    Guard(
        "the contract's status is read before a run",
        f"{_FAULTS}/test_lost_database.py",
        (
            Edit("listener/store/ingest.py", 'state = "done" if verdict else "new"', 'state = "new"'),
            Edit(
                "listener/dispatch/admission.py",
                'if held.status != "pending":',
                'if held.status == "no such":',
            ),
        ),
    ),
    Guard(
        "only final blocks count",
        f"{_FAULTS}/test_reorg.py",
        (
            Edit(
                "listener/chain/reader.py", 'return self._block("finalized")', 'return self._block("latest")'
            ),
        ),
    ),
    Guard(
        "unknown fields are refused",
        f"{_FAULTS}/test_payloads.py::test_rolls_back_a_payload[with an unknown field]",
        (
            Edit(
                "plugins/module_utils/_envelope/_schema.py",
                '"additionalProperties": False,',
                '"additionalProperties": True,',
            ),
        ),
    ),
    Guard(
        "a payload is bound to its sequence",
        f"{_FAULTS}/test_payloads.py::test_rolls_back_a_payload[sealed for another sequence]",
        (Edit("plugins/module_utils/_envelope/_binding.py", "_word(self.sequence)", "_word(0)"),),
    ),
    Guard(
        "the rescue acts on refused and unhealthy only",
        f"{_FAULTS}/test_undecided.py::test_a_start_runs_again_after_each_kill_of_a_part_of_its_run",
        (
            Edit(
                "roles/bot/tasks/rescue.yml",
                "bot_failure.category in ['refused', 'unhealthy']",
                "bot_failure.category in ['refused', 'unhealthy', 'undecided']",
            ),
        ),
    ),
    Guard(
        "a dead worker is noticed",
        f"{_FAULTS}/test_undecided.py::test_a_start_runs_again_after_each_kill_of_a_part_of_its_run",
        (
            Edit(
                "playbooks/trade_start.yml",
                _STRATEGY,
                "'ansible.builtin.host_pinned'",
            ),
        ),
    ),
    Guard(
        "nobody waits for the slowest",
        f"{_FAULTS}/test_batch.py",
        (
            Edit(
                "playbooks/trade_start.yml",
                _STRATEGY,
                "'ansible.builtin.linear'",
            ),
        ),
    ),
    Guard(
        "a command past its deadline ends",
        f"{_FAULTS}/test_undecided.py::test_an_unknown_error_ends_undecided_at_the_deadline_and_the_next_command_runs",
        (
            Edit(
                "listener/dispatch/run.py",
                "spent = command.overdue or attempt >= self._max_attempts",
                "spent = False",
            ),
            Edit(
                "listener/executors/interface.py",
                "runs = ROLLBACK if command.overdue else operation",
                "runs = operation",
            ),
        ),
    ),
    Guard(
        "an undecided command is rolled back in Git",
        f"{_FAULTS}/test_fence.py::test_a_run_woken_after_its_command_ended_undecided_starts_no_bot",
        (
            Edit(
                "listener/dispatch/run.py",
                "elif len(store.list_events(connection, command_id, ROLLBACK)) < self._rollback_attempts:",
                "elif False:",
            ),
            Edit(
                "listener/executors/interface.py",
                "runs = ROLLBACK if command.overdue else operation",
                "runs = operation",
            ),
        ),
    ),
    Guard(
        "a lower fence is refused",
        f"{_FAULTS}/test_fence.py::test_a_worker_woken_after_newer_commands",
        (Edit("plugins/module_utils/_gitops/transition.py", "fence < document.fence", "False"), _FLOOR),
    ),
    Guard(
        "no exchange secret is made below the floor",
        f"{_FAULTS}/test_fence.py::test_a_worker_woken_after_newer_commands",
        (_FLOOR,),
    ),
    Guard(
        "no run without a limit",
        "tests/integration/test_guard.py",
        (
            Edit(
                "playbooks/tasks/guard.yml",
                "ansible_limit is defined or (all_clients | default(false) | bool)",
                "true",
            ),
        ),
    ),
    Guard(
        "no limit that names an unknown client",
        "tests/integration/test_guard.py",
        (Edit("playbooks/tasks/guard.yml", "guard_unknown_names | length == 0", "true"),),
    ),
    Guard(
        "one specification is for one client",
        "tests/integration/test_guard.py",
        (
            Edit(
                "playbooks/tasks/guard.yml",
                "bot_specification is not defined or ansible_play_hosts_all | length == 1",
                "true",
            ),
        ),
    ),
)


def main(wanted: list[str]) -> int:
    """Try the guards whose names hold one of *wanted*, or all; return 1 when a test noticed nothing."""
    chosen = [guard for guard in GUARDS if not wanted or any(part in guard.name for part in wanted)]
    found = {guard.name: _try(guard) for guard in chosen}
    for name, verdict in found.items():
        print(f"{verdict:12} {name}")
    return int(not found or any(verdict != "noticed" for verdict in found.values()))


def _try(guard: Guard) -> str:
    began = time.monotonic()
    with _off(guard):
        run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", guard.test], cwd=ROOT)
    verdict = _ENDED.get(run.returncode, f"pytest {run.returncode}")
    print(f"{time.monotonic() - began:.0f} s, {verdict}: {guard.name}", flush=True)
    return verdict


@contextlib.contextmanager
def _off(guard: Guard) -> Iterator[None]:
    before: dict[pathlib.Path, str] = {}
    try:
        for edit in guard.edits:
            path = ROOT / edit.file
            before.setdefault(path, path.read_text())
            if edit.line not in path.read_text():
                raise SystemExit(f"{edit.file} no longer holds: {edit.line}")
            path.write_text(path.read_text().replace(edit.line, edit.without))
        _restart()
        yield
    finally:
        for path, text in before.items():
            path.write_text(text)
        _restart()


def _restart() -> None:
    machine = Machine(Live())
    machine.stop(*ROLES)
    machine.start(*ROLES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
