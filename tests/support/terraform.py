# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Terraform as tests run it: providers of a folder on this host, a copy of the configuration, typed answers.

As a program it writes the CLI configuration for shell scripts: ``python -m tests.support.terraform FILE``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "infra" / "terraform"
REGISTRY = "registry.terraform.io"
MIRROR_VARIABLE = "BOT_FREQTRADE_TERRAFORM_MIRROR"
PLACES = ("/opt", "/usr/local/share", "/usr/share", "~/.terraform.d")
DEPTH = 3
"""How many folders below each place are looked into."""
RUN = """
import json, sys
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _terraform
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
with _terraform.deployment_of(json.loads(sys.argv[1])) as deployment:
    try:
        _terraform.ensure(deployment, check=False)
    except PlatformError as error:
        sys.exit(error.code)
"""
"""Makes what the options say, as the module does, and ends with the code of an error."""


class TerraformMissing(Exception):
    """Terraform or its provider is not on this host; the text says what to do."""


class TerraformFailed(Exception):
    """A command ended with an error; the text is its output."""


def mirror() -> Path | None:
    """Return the folder of this host that holds ``registry.terraform.io``, if there is one.

    :raises TerraformMissing: when the folder that the environment names has none.
    """
    if named := os.environ.get(MIRROR_VARIABLE):
        if not (Path(named) / REGISTRY / "hashicorp" / "aws").is_dir():
            raise TerraformMissing(f"{MIRROR_VARIABLE}={named} has no {REGISTRY}/hashicorp/aws")
        return Path(named)
    for place in PLACES:
        top = Path(place).expanduser()
        for depth in range(DEPTH + 1):
            for found in sorted(top.glob("*/" * depth + REGISTRY)):
                if (found / "hashicorp" / "aws").is_dir():
                    return found.parent
    return None


def write_cli_config(file: Path) -> Path:
    """Write a CLI configuration that takes the providers from this host, or name the one the user has.

    Without a folder of providers the configuration lets Terraform fetch them.

    :raises TerraformMissing: when there is no program ``terraform``.
    """
    if shutil.which("terraform") is None:
        raise TerraformMissing(
            "The program terraform is missing; install version 1.11 or newer from HashiCorp"
        )
    own = os.environ.get("TF_CLI_CONFIG_FILE")
    if own and Path(own).is_file():
        return Path(own)
    folder = mirror()
    if folder is None:
        print(
            f"No folder {REGISTRY} with the AWS provider below {', '.join(PLACES)}, "
            f"and {MIRROR_VARIABLE} names none: Terraform will try to fetch the provider.",
            file=sys.stderr,
        )
        way = "direct {}"
    else:
        way = f"filesystem_mirror {{\n    path = {json.dumps(str(folder))}\n  }}"
    file.write_text(f"disable_checkpoint = true\n\nprovider_installation {{\n  {way}\n}}\n")
    return file


@dataclasses.dataclass(frozen=True)
class Terraform:
    """One configuration in a folder of its own, so that tests leave nothing in the project's."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def copy_of(cls, source: Path, folder: Path, environment: dict[str, str]) -> Terraform:
        """Copy the configuration of ``source``, its subfolders left out."""
        folder.mkdir(parents=True)
        for file in [*source.glob("*.tf"), source / ".terraform.lock.hcl"]:
            shutil.copy(file, folder)
        config = write_cli_config(folder / "cli.tfrc")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))
        }
        return cls(
            folder, {**inherited, **environment, "TF_CLI_CONFIG_FILE": str(config), "TF_IN_AUTOMATION": "1"}
        )

    def command(self, *arguments: str) -> list[str]:
        return ["terraform", f"-chdir={self.folder}", *arguments]

    def run(self, *arguments: str) -> str:
        """Run a command and return what it says.

        :raises TerraformFailed: when it ends with an error; a plan's "there are changes" is none.
        """
        ended = subprocess.run(
            self.command(*arguments),
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
        )
        if ended.returncode:
            raise TerraformFailed(ended.stdout)
        return ended.stdout

    def init(self, **backend: str) -> None:
        """Initialise with the given backend configuration."""
        options = [f"-backend-config={name}={value}" for name, value in backend.items()]
        self.run("init", "-input=false", "-no-color", "-lockfile=readonly", *options)

    def variables(self, **values: t.Any) -> None:
        """Set variables for all commands that follow."""
        (self.folder / "test.auto.tfvars.json").write_text(json.dumps(values))

    def plan(self, *options: str) -> dict[str, t.Any]:
        """Plan and return the plan as Terraform tells it in JSON; ``apply`` then applies it."""
        self.run("plan", "-input=false", "-no-color", "-out=plan", *options)
        plan: dict[str, t.Any] = json.loads(self.run("show", "-json", "plan"))
        return plan

    def apply(self, *options: str) -> None:
        """Apply the plan made before."""
        self.run("apply", "-input=false", "-no-color", "-parallelism=40", *options, "plan")

    def destroy(self, *options: str) -> None:
        self.run("destroy", "-auto-approve", "-input=false", "-no-color", "-parallelism=40", *options)

    def outputs(self) -> dict[str, t.Any]:
        told = json.loads(self.run("output", "-json"))
        return {name: output["value"] for name, output in told.items()}

    def resources(self) -> list[str]:
        """Return the addresses of what the state holds, data sources left out."""
        lines = self.run("state", "list").splitlines()
        return [line for line in lines if not line.startswith("data.")]


def start(options: dict[str, t.Any]) -> subprocess.Popen[str]:
    """Start :data:`RUN` with the options of a deployment, as the leader of a process group."""
    command = [sys.executable, "-c", RUN, json.dumps(options)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def changes(plan: dict[str, t.Any]) -> dict[str, list[str]]:
    """Return what a plan would do, by the address of each resource that it changes."""
    return {
        change["address"]: change["change"]["actions"]
        for change in plan.get("resource_changes", [])
        if change["mode"] == "managed" and change["change"]["actions"] != ["no-op"]
    }


def attributes(plan: dict[str, t.Any]) -> dict[str, set[str]]:
    """Return the names of the attributes that a plan would update, by the address of each resource."""
    found = {}
    for address, change in ((each["address"], each["change"]) for each in plan.get("resource_changes", [])):
        if change["actions"] == ["update"]:
            unknown = {name for name, value in change["after_unknown"].items() if value is True}
            before, after = change["before"], change["after"]
            found[address] = unknown | {name for name in after if before.get(name) != after[name]}
    return found


def main(arguments: list[str]) -> int:
    try:
        print(write_cli_config(Path(arguments[0])))
    except TerraformMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
