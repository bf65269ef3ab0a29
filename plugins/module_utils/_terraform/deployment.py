# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""One configuration with its state: initialise, plan to a file, apply that very file."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform import (
    failure,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.plan import (
    Plan,
    parse,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.program import (
    Json,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.report import (
    Progress,
    Report,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.values import (
    shown_outputs,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._terraform.workspace import (
    Workspace,
)

_CUT_OFF: t.Final = "context canceled"
"""What a provider says of an answer that it no longer waits for."""


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a configuration is given.

    :ivar backend: type of the backend to use in place of the one that the configuration declares.
    :ivar backend_config: settings of the backend; no secret: credentials come from where AWS's tools look.
    :ivar lock_timeout: seconds to wait for another run's lock.
    """

    variables: Json
    variable_files: t.Sequence[str] = ()
    backend: str | None = None
    backend_config: Json = dataclasses.field(default_factory=dict)
    lock_timeout: int = 0


class Deployment:
    """What a configuration has made, or is going to make.

    Every method raises what :mod:`.failure` makes of Terraform's diagnostics.
    """

    def __init__(self, workspace: Workspace, inputs: Inputs, progress: Progress) -> None:
        self._workspace = workspace
        self._terraform = workspace.terraform
        self._inputs = inputs
        self._progress = progress

    def initialise(self) -> None:
        """Connect the backend, fetch providers, and save a state that an earlier run could not."""
        self._progress.say("terraform: initialising")
        arguments = ["init", "-json", "-input=false", "-reconfigure"]
        workspace, inputs = self._workspace, self._inputs
        if inputs.backend is not None:
            document = {"terraform": {"backend": {inputs.backend: inputs.backend_config}}}
            workspace.write(workspace.directory / "backend_override.tf.json", document)
        elif inputs.backend_config:
            path = workspace.run / "backend.tfbackend.json"
            arguments.append(f"-backend-config={workspace.write(path, inputs.backend_config)}")
        self._run("init", *arguments)
        self._save_unsaved_state()

    def unlock(self, lock: str) -> bool:
        """Take another run's lock away; False when there is no such lock."""
        report = Report(Progress(None))
        return self._terraform.stream("force-unlock", "-force", lock, listen=report) == 0

    def untaint(self, address: str) -> bool:
        """Let a resource count as made; False when it does."""
        return self._terraform.stream("untaint", *self._lock(), address, listen=Report(Progress(None))) == 0

    def plan(
        self, *, destroy: bool = False, targets: t.Sequence[str] = (), variables: Json | None = None
    ) -> Plan:
        """Plan to a file that :meth:`apply` takes, and read it back.

        :param targets: resources to plan alone; none means all.
        :param variables: values that take precedence over those of the inputs.
        """
        self._progress.say("terraform: planning" + (" the destruction" if destroy else ""))
        path = self._plan_file
        arguments = [
            "plan",
            "-json",
            "-input=false",
            f"-out={path}",
            *self._lock(),
            *self._values(variables or {}),
        ]
        arguments += ["-destroy"] if destroy else []
        arguments += [f"-target={address}" for address in targets]
        self._run("plan", *arguments)
        return parse(self._terraform.read("show", "-json", str(path)))

    def outputs(self) -> Json:
        """Return the outputs that the state has, without sensitive ones."""
        return shown_outputs(self._terraform.read("output", "-json"))

    def apply(self, planned: Plan, *, destroy: bool = False) -> Json:
        """Carry out the plan that was made last and return the outputs, without sensitive ones."""
        arguments = ["apply", "-json", "-input=false", *self._lock(), str(self._plan_file)]
        total = sum(planned.summary.values())
        return self._run("destroy" if destroy else "apply", *arguments, total=total).outputs

    @property
    def _plan_file(self) -> pathlib.Path:
        return self._workspace.run / "plan"

    def _lock(self) -> list[str]:
        return [f"-lock-timeout={self._inputs.lock_timeout}s"]

    def _values(self, over: Json) -> list[str]:
        """Write the variables to a file: arguments could be seen by others."""
        path = self._workspace.run / "variables.tfvars.json"
        own = self._workspace.write(path, {**self._inputs.variables, **over})
        return [f"-var-file={name}" for name in [*self._inputs.variable_files, own]]

    def _run(self, phase: str, *arguments: str, total: int = 0) -> Report:
        report = Report(self._progress, total)
        try:
            status = self._terraform.stream(*arguments, listen=report)
        except PlatformError:
            self._keep_begun(report)
            raise
        if status == 0 and not report.diagnostics:
            return report
        otherwise = f"it ended with {status}. {self._terraform.complaint()}"
        details = {"done": report.done, "failed": report.failed} if phase in ("apply", "destroy") else {}
        raise failure.error(phase, report.diagnostics, otherwise, **details)

    def _keep_begun(self, report: Report) -> None:
        """Let what the cloud was still making when the run was asked to end count as made.

        It goes on being made. Terraform would replace it, which its name or its protection does not allow.
        """
        for each in report.diagnostics:
            if each.address and _CUT_OFF in each.text:
                self.untaint(each.address)

    def _save_unsaved_state(self) -> None:
        unsaved = self._workspace.unsaved_state
        if not unsaved.exists():
            return
        self._progress.say("terraform: saving the state that the last run could not save")
        status = self._terraform.stream("state", "push", str(unsaved), listen=Report(self._progress))
        if status != 0:
            raise PlatformError(
                "state_not_saved",
                f"The state of an earlier run is in {unsaved}, and the backend does not take it: "
                f"{failure.clean(self._terraform.complaint())}",
                file=str(unsaved),
            )
        unsaved.unlink()


__all__ = ("Deployment", "Inputs")
