# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What the module does with a configuration: make it so, or take it back."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.deployment import (
    Deployment,
    Inputs,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.plan import (
    Plan,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.program import (
    Json,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.report import (
    Progress,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.workspace import (
    place,
    workspace,
)

NAME: t.Final = "name"
"""The variable and the output that say what a configuration's resources are called, if it has them."""


@contextlib.contextmanager
def deployment_of(options: t.Mapping[str, t.Any]) -> t.Iterator[Deployment]:
    """Yield the initialised deployment that the module's options name; nothing of the run is left behind."""
    source = pathlib.Path(options["directory"])
    backend = {"type": options["backend"], **options["backend_config"]}
    inputs = Inputs(
        variables=options["variables"],
        variable_files=[str(pathlib.Path(name).resolve()) for name in options["variable_files"]],
        backend=options["backend"],
        backend_config=options["backend_config"],
        lock_timeout=options["lock_timeout"],
    )
    root = place(source, backend, options["cache_directory"])
    with workspace(source, root, options["terraform"], inputs.lock_timeout) as own:
        deployment = Deployment(own, inputs, Progress(options["progress_file"]))
        deployment.initialise()
        if options["unlock"]:
            deployment.unlock(options["unlock"])
        yield deployment


def ensure(deployment: Deployment, *, check: bool) -> Json:
    """Make the resources what the configuration says; with ``check`` only say what that would change."""
    planned = deployment.plan()
    outputs = deployment.apply(planned) if planned.is_applicable and not check else deployment.outputs()
    return {"changed": planned.is_applicable, "outputs": outputs, **planned.result()}


def remove(deployment: Deployment, *, confirm: str | None, unprotect: Json | None, check: bool) -> Json:
    """Delete the resources.

    :param confirm: must be the configuration's name, unless nothing is deleted, or is None with ``check``.
    :param unprotect: values of variables that lift resources' protection; None leaves it.
    :raises PlatformError: ``confirmation_missing``, ``still_protected``.
    """
    outputs = deployment.outputs()
    planned = deployment.plan(destroy=True)
    if planned.is_applicable and not (check and confirm is None):
        _require_confirmation(planned, outputs, confirm)
    if planned.protected:
        _require_unprotect(planned, unprotect)
        if not check:
            _unprotect(deployment, planned.protected, unprotect or {})
            planned = deployment.plan(destroy=True)
    if planned.is_applicable and not check:
        deployment.apply(planned, destroy=True)
    return {
        "changed": planned.is_applicable,
        "outputs": outputs if check else {},
        **planned.result(),
    }


def _require_confirmation(planned: Plan, outputs: Json, confirm: str | None) -> None:
    names = {str(values[NAME]) for values in (planned.variables, outputs) if values.get(NAME)}
    if confirm is None or names - {confirm}:
        whose = " or ".join(sorted(names)) or "no name"
        given = "nothing" if confirm is None else repr(confirm)
        raise PlatformError(
            "confirmation_missing",
            f"This would delete {planned.summary['delete']} resources of {whose}, and {given} was given to "
            "confirm it. Nothing was touched",
            names=sorted(names),
        )


def _require_unprotect(planned: Plan, unprotect: Json | None) -> None:
    if unprotect is None:
        raise PlatformError(
            "still_protected",
            f"{', '.join(planned.protected)} must not be deleted, says the state. Nothing was touched",
            resources=[{"address": address} for address in planned.protected],
        )


def _unprotect(deployment: Deployment, protected: list[str], variables: Json) -> None:
    """Change the protected resources, and make sure that nothing comes back or goes by it."""
    # One whose creation was interrupted would be replaced, and that is refused as well.
    for address in protected:
        deployment.untaint(address)
    lifting = deployment.plan(targets=protected, variables=variables)
    others = [each.address for each in lifting.changes if each.action not in ("change", "import")]
    if others:
        raise PlatformError(
            "still_protected",
            f"To lift the protection of {', '.join(protected)} would make or delete {', '.join(others)}. "
            "Nothing was touched",
            resources=[{"address": address} for address in others],
        )
    if lifting.is_applicable:
        deployment.apply(lifting)


__all__ = ("deployment_of", "ensure", "remove")
