# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Small configurations of Terraform's built-in resource, which needs no provider and no cloud."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _terraform

CONFIGURATION = """
terraform {
  backend "local" {}
}
variable "name" {
  type = string
  validation {
    condition     = length(var.name) <= 10
    error_message = "The name has up to 10 characters."
  }
}
variable "steps" {
  type    = map(string)
  default = {}
}
variable "password" {
  type      = string
  default   = "canary-of-terraform"
  sensitive = true
}
resource "terraform_data" "first" {
  input = var.name
}
resource "terraform_data" "step" {
  for_each         = var.steps
  triggers_replace = each.value
  depends_on       = [terraform_data.first]
  provisioner "local-exec" {
    command = each.value
  }
}
resource "terraform_data" "secret" {
  input = var.password
}
output "name" {
  value = var.name
}
output "password" {
  value     = terraform_data.secret.output
  sensitive = true
}
"""


class Infrastructure:
    """A configuration with its state, used as the module uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = folder / "configuration"
        self.directory.mkdir()
        (self.directory / "main.tf").write_text(CONFIGURATION)

    @property
    def state_file(self) -> Path:
        return self.folder / "terraform.tfstate"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def progress(self) -> list[str]:
        return (self.folder / "progress").read_text().splitlines()

    @property
    def resources(self) -> set[str]:
        """Types and names of what the state has."""
        if not self.state_file.exists():
            return set()
        return {each["name"] for each in json.loads(self.state_file.read_text())["resources"]}

    def options(self, **options: t.Any) -> dict[str, t.Any]:
        """Return the module's options, with those given in place of the usual ones."""
        return {
            "directory": str(self.directory),
            "variables": {"name": "test"},
            "variable_files": [],
            "backend": None,
            "backend_config": {"path": str(self.state_file)},
            "unlock": None,
            "lock_timeout": 0,
            "terraform": "terraform",
            "cache_directory": str(self.cache),
            "progress_file": str(self.folder / "progress"),
            **options,
        }

    def ensure(self, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        with _terraform.deployment_of(self.options(**options)) as deployment:
            return _terraform.ensure(deployment, check=check)

    def remove(
        self,
        confirm: str | None = "test",
        *,
        check: bool = False,
        unprotect: dict[str, t.Any] | None = None,
        **options: t.Any,
    ) -> dict[str, t.Any]:
        with _terraform.deployment_of(self.options(**options)) as deployment:
            return _terraform.remove(deployment, confirm=confirm, unprotect=unprotect, check=check)


@pytest.fixture
def infrastructure(tmp_path: Path) -> Infrastructure:
    """Nothing has been made of it yet."""
    return Infrastructure(tmp_path)
