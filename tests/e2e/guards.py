# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches one guard after the other off under a running platform, and expects its test to fail.

    python -m tests.e2e.guards [part of a guard's name ...]

It edits the checkout that it stands in, from which the platform must run (``make demo-up`` there), and
puts every file back. Run it in a clone of its own. Each guard costs the time of its test.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator

from tests.e2e.live import ROOT, Live
from tests.e2e.machine import ROLES, Machine

_FAULTS: t.Final = "tests/e2e/faults"
_ENDED: t.Final = {0: "NOT NOTICED", 1: "noticed"}


class Guard(t.NamedTuple):
    """A line that protects something, what stands there without it, and the test that must notice."""

    name: str
    file: str
    line: str
    without: str
    test: str


GUARDS: t.Final = (
    Guard(
        "the contract's status is read before a run",
        "listener/dispatch/admission.py",
        'if held.status != "pending":',
        'if held.status == "no such":',
        f"{_FAULTS}/test_lost_database.py",
    ),
    Guard(
        "only final blocks count",
        "listener/chain/reader.py",
        'return self._block("finalized")',
        'return self._block("latest")',
        f"{_FAULTS}/test_reorg.py",
    ),
    Guard(
        "unknown fields are refused",
        "plugins/module_utils/_envelope/_schema.py",
        '"additionalProperties": False,',
        '"additionalProperties": True,',
        f"{_FAULTS}/test_payloads.py::test_rolls_back_a_payload[with an unknown field]",
    ),
    Guard(
        "a payload is bound to its sequence",
        "plugins/module_utils/_envelope/_binding.py",
        "self.sequence, self.key_id",
        "1, self.key_id",
        f"{_FAULTS}/test_payloads.py::test_rolls_back_a_payload[sealed for another sequence]",
    ),
    Guard(
        "the rescue acts on refused and unhealthy only",
        "roles/bot/tasks/rescue.yml",
        "bot_failure.category in ['refused', 'unhealthy']",
        "bot_failure.category in ['refused', 'unhealthy', 'undecided']",
        f"{_FAULTS}/test_undecided.py::test_a_start_runs_again_after_a_kill_of[its module]",
    ),
    Guard(
        "a dead worker is noticed",
        "playbooks/trade_start.yml",
        "(groups['all'] | length == 1) | ternary('ansible.builtin.linear', 'ansible.builtin.host_pinned')",
        "'ansible.builtin.host_pinned'",
        f"{_FAULTS}/test_undecided.py::test_a_start_runs_again_after_a_kill_of[a worker of its playbook]",
    ),
    Guard(
        "nobody waits for the slowest",
        "playbooks/trade_start.yml",
        "(groups['all'] | length == 1) | ternary('ansible.builtin.linear', 'ansible.builtin.host_pinned')",
        "'ansible.builtin.linear'",
        f"{_FAULTS}/test_batch.py",
    ),
    Guard(
        "a command past its deadline ends",
        "listener/dispatch/run.py",
        "spent = command.overdue or attempt >= self._max_attempts",
        "spent = False",
        f"{_FAULTS}/test_undecided.py::"
        "test_an_unknown_error_ends_undecided_at_the_deadline_and_the_next_command_runs",
    ),
    Guard(
        "a lower fence is refused",
        "plugins/module_utils/_gitops/transition.py",
        "fence < document.fence",
        "False",
        f"{_FAULTS}/test_fence.py::test_a_worker_woken_after_newer_commands",
    ),
    Guard(
        "no exchange secret is made below the floor",
        "plugins/module_utils/_secrets/_plan.py",
        "if wanted.sequence < floor:",
        "if wanted.sequence < 0:",
        f"{_FAULTS}/test_fence.py::test_a_worker_woken_after_newer_commands",
    ),
    Guard(
        "an outcome counts only under its lease",
        "listener/store/commands.py",
        "        commands.c.lease_owner == owner,\n        commands.c.attempt == attempt,\n",
        "",
        f"{_FAULTS}/test_fence.py::test_a_worker_woken_while_another_runs_the_same_commands",
    ),
    Guard(
        "a recorded decision is not decided again",
        "plugins/module_utils/_gitops/transition.py",
        "    if not document.decided or (",
        "    if True or (",
        f"{_FAULTS}/test_kill.py::test_a_start_survives_kills_of[the role that holds the command]",
    ),
    Guard(
        "no run without a limit",
        "playbooks/tasks/guard.yml",
        "ansible_limit is defined or (all_clients | default(false) | bool)",
        "true",
        "tests/e2e/test_guard.py",
    ),
    Guard(
        "one specification is for one client",
        "playbooks/tasks/guard.yml",
        "bot_specification is not defined or ansible_play_hosts_all | length == 1",
        "true",
        "tests/e2e/test_guard.py",
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
    path = ROOT / guard.file
    before = path.read_text()
    if guard.line not in before:
        raise SystemExit(f"{guard.file} no longer holds: {guard.line}")
    path.write_text(before.replace(guard.line, guard.without))
    try:
        _restart()
        yield
    finally:
        path.write_text(before)
        _restart()


def _restart() -> None:
    machine = Machine(Live())
    machine.stop(*ROLES)
    machine.start(*ROLES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
