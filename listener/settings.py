# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed settings of each role, read from the environment (prefix ``PLATFORM_``); secrets only by files."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

from pydantic import (
    AfterValidator,
    BeforeValidator,
    DirectoryPath,
    Field,
    FilePath,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX: t.Final = "PLATFORM_"


class SettingsError(Exception):
    """The environment does not hold what a role needs; the text names every variable, never a value."""


def read_secret(path: Path) -> str:
    """Return the stripped text of the secret file *path*.

    :raises ValueError: others than the owner may enter the file, it is empty, or it is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError(f"{path} is not a regular file")
        if stat.S_IMODE(mode) & 0o077:
            raise ValueError(f"{path} has mode {stat.S_IMODE(mode):04o}; only its owner may enter it (0600)")
        text = file.read().strip()
    if not text:
        raise ValueError(f"{path} is empty")
    return text


def _secret_file(path: Path) -> Path:
    try:
        read_secret(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    return path


def _split(value: object) -> object:
    return tuple(filter(None, value.split(":"))) if isinstance(value, str) else value


Paths = t.Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split)]
SecretFile = t.Annotated[Path, AfterValidator(_secret_file)]
Address = t.Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$", to_lower=True)]


def _split_at_commas(value: object) -> object:
    return tuple(filter(None, value.split(","))) if isinstance(value, str) else value


Server = t.Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")]
Servers = t.Annotated[tuple[Server, ...], NoDecode, BeforeValidator(_split_at_commas)]


class RoleSettings(BaseSettings):
    """What every role needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    log_level: t.Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def load(cls) -> t.Self:
        """Return the settings of the environment.

        :raises SettingsError: names every variable that is missing or wrong.
        """
        try:
            return cls.model_validate({})
        except ValidationError as error:
            raise SettingsError(_explain(error)) from error


def _explain(error: ValidationError) -> str:
    problems = []
    for item in error.errors(include_input=False, include_url=False):
        name = PREFIX + "_".join(str(part) for part in item["loc"][:1]).upper()
        if item["type"] == "missing":
            problems.append(f"{name} is missing")
        elif item["loc"]:
            problems.append(f"{name}: {item['msg']}")
        else:
            problems.append(item["msg"])
    return "; ".join(dict.fromkeys(problems))


class DatabaseSettings(RoleSettings):
    """What a role needs that uses the store."""

    database_url_file: SecretFile
    """File holding the SQLAlchemy URL of the ``platform`` database."""

    @property
    def database_url(self) -> str:
        """The database URL; it holds a password, so it is never kept or logged."""
        return read_secret(self.database_url_file)


class ChainSettings(RoleSettings):
    """What a role needs that talks to the chain."""

    chain_id: PositiveInt
    contract: Address
    confirmations: t.Literal["finalized"] | NonNegativeInt
    """``finalized``, or how many blocks on top make a block final on this chain."""
    start_block: NonNegativeInt = 0
    """First block to read; at most the block in which the contract was deployed."""
    rpc_timeout: PositiveFloat = 10.0
    """Seconds until a request to the RPC is given up."""
    rpc_url_file: SecretFile | None = None
    """File holding the RPC URL where that URL is a secret (a provider's key in its path)."""
    rpc_url: str = Field(default="", validate_default=True)

    @field_validator("rpc_url")
    @classmethod
    def _one_rpc(cls, url: str, info: ValidationInfo) -> str:
        if "rpc_url_file" in info.data and bool(url) == bool(info.data["rpc_url_file"]):
            raise ValueError(f"one of {PREFIX}RPC_URL and {PREFIX}RPC_URL_FILE is needed")
        return url

    @property
    def rpc(self) -> str:
        """The URL of the RPC; treat it as a secret."""
        return read_secret(self.rpc_url_file) if self.rpc_url_file else self.rpc_url


class WatchSettings(DatabaseSettings, ChainSettings):
    """Settings of ``watch``."""

    poll_seconds: PositiveFloat = 0.2
    max_range: PositiveInt = 200
    """Most blocks read at once; halved on a provider's limits."""


class SendSettings(DatabaseSettings, ChainSettings):
    """Settings of ``send``."""

    signer_key_file: SecretFile
    """File (0600) holding the hexadecimal private key that has the contract's operator role."""
    poll_seconds: PositiveFloat = 0.2
    max_fee_gwei: PositiveFloat = 200.0
    """Cap of maxFeePerGas, replacements included."""
    priority_fee_gwei: PositiveFloat = 1.0
    replace_seconds: PositiveFloat = 30.0
    """Age of an unmined transaction at which it is replaced by one that pays more."""


class DispatchSettings(DatabaseSettings, ChainSettings):
    """Settings of ``dispatch``."""

    key_directory: DirectoryPath
    vars_file: FilePath
    """YAML with the variables that every run gets (the platform's group variables)."""
    run_directory: DirectoryPath
    """Directory on tmpfs for the private data of runs."""
    collections_path: DirectoryPath
    executor: t.Literal["runner", "awx"] = "runner"
    isolation: t.Literal["bubblewrap", "container"] = "bubblewrap"
    """What ends runs with the dispatcher: a bubblewrap for each, or the container that holds nothing else."""
    run_read_only: Paths = ()
    """More paths that a run may read, separated by colons; those that vars_file names need not be here."""
    run_writable: Paths = ()
    """More paths that a run may write."""
    run_timeout: PositiveInt = 420
    """Seconds after which a whole run is ended; commands without an outcome by then run again."""
    max_runs: PositiveInt = 4
    """Runs at once; further commands wait, and go together then."""
    batch_size: PositiveInt = 5
    """Most commands in one run, each of another client."""
    command_deadline: PositiveFloat = 900.0
    """Seconds from a command's first run until it ends undecided."""
    max_attempts: PositiveInt = 50
    """Runs of a command after which it ends undecided, however early."""
    rollback_attempts: PositiveInt = 8
    """Runs that try to roll an undecided command back in Git; then its verdict comes all the same."""
    lease_seconds: PositiveFloat = 30.0
    poll_seconds: PositiveFloat = 0.5
    stop_grace: NonNegativeFloat = 5.0
    """Seconds that runs get to end by themselves when the process is told to end."""
    awx_url: str = ""
    awx_token_file: SecretFile | None = None
    awx_inventory: NonNegativeInt = 0
    """Number of the AWX inventory that holds the clients."""
    awx_start_template: NonNegativeInt = 0
    """Number of the job template of trade_start; it asks for limit and variables on launch."""
    awx_stop_template: NonNegativeInt = 0
    awx_rollback_template: NonNegativeInt = 0

    @model_validator(mode="after")
    def _whole_awx(self) -> t.Self:
        templates = ("awx_start_template", "awx_stop_template", "awx_rollback_template")
        parts = ("awx_url", "awx_token_file", "awx_inventory", *templates)
        missing = [PREFIX + part.upper() for part in parts if not getattr(self, part)]
        if self.executor == "awx" and missing:
            raise ValueError(f"the executor awx needs {', '.join(missing)}")
        return self


class ApiSettings(DatabaseSettings, ChainSettings):
    """Settings of ``api``."""

    listen_host: str = "127.0.0.1"
    listen_port: PositiveInt = 8000
    requests_per_minute: PositiveInt = 1200
    """Requests of one token, or of one address without a good token."""
    kubeconfig: FilePath | None = None
    """Cluster that ``/readyz`` asks for; without it that of the pod that this runs in, else none."""
    gitops_repository: str = ""
    """Repository that ``/readyz`` asks for."""


class MonitorSettings(ChainSettings):
    """Settings of ``monitor``; it has no access to the store."""

    listen_host: str = "127.0.0.1"
    listen_port: PositiveInt = 8001
    figures_url_file: SecretFile
    """File holding the URL of the clients' database for the role that reads figures only."""
    kubeconfig: FilePath | None = None
    """Cluster whose bots are looked at; without it the cluster of the pod that this runs in."""
    certificate_files: Paths = ()
    """PEM files whose certificates must not expire unnoticed, separated by colons."""
    tls_servers: Servers = ()
    """Further servers with such certificates, as ``host:port`` with commas between."""

    @property
    def figures_url(self) -> str:
        """The URL of the clients' database; it holds a password, so it is never kept or logged."""
        return read_secret(self.figures_url_file)


__all__ = (
    "ApiSettings",
    "ChainSettings",
    "DatabaseSettings",
    "DispatchSettings",
    "MonitorSettings",
    "RoleSettings",
    "SendSettings",
    "SettingsError",
    "WatchSettings",
    "read_secret",
)
