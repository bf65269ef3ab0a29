# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import configparser
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from platform_local import cgroups, host, leftovers, pki
from platform_local.errors import LocalPlatformError
from platform_local.gitops import GitOps
from platform_local.options import ExistingCluster, Options
from platform_local.paths import Layout
from platform_local.supervisor import Program, configuration


def test_a_program_with_awkward_words_survives_the_supervisors_configuration(tmp_path: Path) -> None:
    program = Program("p", ("prog", "--format=%Y", "two words"), environment={"A": "50%"})
    parser = configparser.RawConfigParser()
    parser.read_string(configuration([program], tmp_path / "s.sock", tmp_path))
    section = parser["program:p"]
    assert section["command"] == "prog --format=%%Y 'two words'"
    assert section["environment"] == 'A="50%%"'
    assert section["autostart"] == "false"


def test_a_private_file_is_never_open_and_written_only_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    assert pki.write_private(path, "one")
    assert not pki.write_private(path, "one")
    assert pki.write_private(path, "two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret"]


def test_a_kubeconfig_stands_on_its_own(tmp_path: Path) -> None:
    authority = pki.Authority(tmp_path)
    text = authority.kubeconfig("https://127.0.0.1:1", authority.issue("me", "me", ("group",)))
    config = yaml.safe_load(text)
    assert config["clusters"][0]["cluster"]["certificate-authority-data"]
    assert set(config["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}


def test_a_second_authority_object_uses_the_same_key(tmp_path: Path) -> None:
    pki.Authority(tmp_path)
    before = (tmp_path / "ca.crt").read_bytes()
    pki.Authority(tmp_path)
    assert (tmp_path / "ca.crt").read_bytes() == before


def test_an_existing_cluster_is_refused_with_all_that_is_missing(tmp_path: Path) -> None:
    cluster = ExistingCluster(tmp_path / "none", "", "192.0.2.1", "", "")
    with pytest.raises(LocalPlatformError) as caught:
        cluster.require()
    text = str(caught.value)
    assert "image is not given" in text
    assert "gitops_repository is not given" in text
    assert "none is not there" in text
    assert "192.0.2.1 is no address of this host" in text
    assert "host_address" not in text


def test_every_repository_of_the_template_becomes_the_local_one() -> None:
    layout = Layout.here()
    text = GitOps(layout, Options()).application_set()
    assert f"repoURL: file://{layout.gitops}\n" in text
    assert "example.invalid" not in text


def test_the_playbooks_user_is_named_where_the_cluster_is_built_here(tmp_path: Path) -> None:
    layout = Layout.here()
    cluster = ExistingCluster(tmp_path, "image", "127.0.0.1", "0.0.0.0/0", "repository")
    named = [
        GitOps(layout, options)._environment("localhost/image:tag")["playbooks"]["subjects"]
        for options in (Options(), Options(cluster=cluster))
    ]
    account = {"kind": "ServiceAccount", "name": "platform", "namespace": "bot-freqtrade"}
    assert named == [[{"kind": "User", "name": "bot-freqtrade:platform"}], [account]]


def test_the_checker_names_what_is_new_and_what_is_gone() -> None:
    before = {"mount": ["a"], "user": ["root", "old"], "packet filter rule": []}
    after = {"mount": ["a", "b"], "user": ["root"], "packet filter rule": ["r"]}
    assert leftovers.differences(before, after) == ["mount: b", "packet filter rule: r", "user gone: old"]


@pytest.fixture
def strange_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process of a program in the cache's folder of tools, whose parent is another one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    program = tmp_path / "bot_freqtrade" / "tools-of-a-test" / "cat"
    program.parent.mkdir(parents=True)
    shutil.copy2("/bin/cat", program)
    pipe = subprocess.PIPE
    with subprocess.Popen(["sh", "-c", f"{program}; true"], stdin=pipe, stdout=pipe, bufsize=0) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(b"it runs\n")
        assert parent.stdout.readline() == b"it runs\n"
        yield parent
        parent.stdin.close()


def test_the_checker_names_a_process_of_the_tools(
    strange_process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    assert any(str(tmp_path) in found for found in leftovers.processes())


def test_the_checker_passes_over_what_descends_from_tests_beside_it_only(
    strange_process: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(leftovers.BESIDE, str(strange_process.pid))
    assert not any(str(tmp_path) in found for found in leftovers.processes())
    with subprocess.Popen(["true"]) as another:
        monkeypatch.setenv(leftovers.BESIDE, str(another.pid))
        assert any(str(tmp_path) in found for found in leftovers.processes())


def test_pods_get_every_controller_of_a_v2_hierarchy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n", encoding="ascii")
    written: list[tuple[str, str]] = []
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [tmp_path])
    monkeypatch.setattr(Path, "write_text", lambda path, text, **_: written.append((path.parent.name, text)))
    group = "pods"
    cgroups.create(group)
    assert written == [
        (tmp_path.name, "+cpu"),
        (group, "+cpu"),
        (tmp_path.name, "+memory"),
        (group, "+memory"),
    ]


def test_groups_go_with_all_groups_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pods" / "kubepods" / "pod1").mkdir(parents=True)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [tmp_path])
    cgroups.remove("pods")
    assert list(tmp_path.iterdir()) == []


def test_a_host_whose_platform_belongs_to_another_checkout_says_whose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "LOCK", tmp_path / "lock")
    first, second = Layout(tmp_path / "first"), Layout(tmp_path / "second")
    with host.claimed(first, lambda: False):
        pass
    with (
        pytest.raises(LocalPlatformError, match=r"The platform of .*/first runs on this host"),
        host.claimed(second, lambda: True),
    ):
        pass
    with host.claimed(second, lambda: False):
        host.release()
    assert not host.LOCK.exists()
