# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the roles."""

from __future__ import annotations

from pathlib import Path

import pytest

from listener.settings import SendSettings, SettingsError, WatchSettings, read_secret

NEEDED = {
    "PLATFORM_CHAIN_ID": "31337",
    "PLATFORM_CONTRACT": "0x" + "Ab" * 20,
    "PLATFORM_CONFIRMATIONS": "finalized",
    "PLATFORM_RPC_URL": "http://127.0.0.1:8545",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Everything that ``watch`` needs."""
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(
        "PLATFORM_DATABASE_URL_FILE", str(secret(tmp_path / "url", "postgresql://u:p@h/platform"))
    )
    return monkeypatch


def secret(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_whole_environment_makes_typed_settings(environment: pytest.MonkeyPatch) -> None:
    settings = WatchSettings.load()
    assert settings.contract == "0x" + "ab" * 20
    assert settings.confirmations == "finalized"
    assert settings.database_url == "postgresql://u:p@h/platform"
    assert settings.rpc == "http://127.0.0.1:8545"


def test_confirmations_may_be_a_depth(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PLATFORM_CONFIRMATIONS", "12")
    assert WatchSettings.load().confirmations == 12


def test_every_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        SendSettings.load()
    for name in (*NEEDED, "PLATFORM_DATABASE_URL_FILE", "PLATFORM_SIGNER_KEY_FILE"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLATFORM_CHAIN_ID", "5ec2e7"),
        ("PLATFORM_CONTRACT", "0x5ec2e7"),
        ("PLATFORM_CONFIRMATIONS", "-52"),
        ("PLATFORM_POLL_SECONDS", "0"),
        ("PLATFORM_LOG_LEVEL", "5ec2e7"),
    ],
)
def test_a_wrong_value_is_named_but_not_shown(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        WatchSettings.load()
    assert "5ec2e7" not in str(caught.value)


def test_a_secret_rpc_url_comes_from_a_file_and_is_not_shown(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("PLATFORM_RPC_URL")
    environment.setenv("PLATFORM_RPC_URL_FILE", str(secret(tmp_path / "rpc", "https://rpc.example/5ec2e7\n")))
    settings = WatchSettings.load()
    assert settings.rpc == "https://rpc.example/5ec2e7"
    assert "5ec2e7" not in repr(settings)


def test_two_rpc_urls_are_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("PLATFORM_RPC_URL_FILE", str(secret(tmp_path / "rpc", "https://rpc.example/key")))
    with pytest.raises(SettingsError, match="PLATFORM_RPC_URL_FILE"):
        WatchSettings.load()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_secret_file_that_others_may_enter_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ValueError, match="0600"):
        read_secret(secret(tmp_path / "key", "5ec2e7", mode))


def test_a_secret_file_without_a_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        read_secret(secret(tmp_path / "key", "\n"))


def test_a_directory_is_no_secret_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("PLATFORM_DATABASE_URL_FILE", str(tmp_path))
    with pytest.raises(SettingsError, match="PLATFORM_DATABASE_URL_FILE"):
        WatchSettings.load()
