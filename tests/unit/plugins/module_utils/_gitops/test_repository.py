# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import time
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import (
    Change,
    GitRepository,
    Identity,
    Snapshot,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import cache as cache_module
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import Origin

PATH = "clientes/cliente-001/values.yaml"


@pytest.fixture
def repository(origin: Origin, tmp_path: pathlib.Path) -> GitRepository:
    return GitRepository(origin.url, cache_dir=str(tmp_path / "cache"), timeout=20)


def write(text: str, path: str = PATH) -> t.Callable[[Snapshot], Change | None]:
    """Edit that makes the file's content ``text``."""

    def edit(snapshot: Snapshot) -> Change | None:
        content = text.encode()
        if snapshot.read([path]).get(path) == content:
            return None
        return Change(path, content, f"Write {text}\n\nPlatform-Client: 1\n")

    return edit


def copy_of(repository: GitRepository) -> pathlib.Path:
    return repository._cache._path


def test_a_commit_has_its_file_message_and_committer(origin: Origin, tmp_path: pathlib.Path) -> None:
    identity = Identity("Platform", "platform@example.invalid")
    repository = GitRepository(origin.url, cache_dir=str(tmp_path), identity=identity)
    receipt = repository.write(write("one"))
    assert receipt.pushed
    assert origin.log("%H %an <%ae> %s")[0] == f"{receipt.head} Platform <platform@example.invalid> Write one"
    assert origin.log("%(trailers:key=Platform-Client,valueonly)")[0] == "1"
    assert origin.read(PATH) == "one"
    assert origin.read("charts/freqtrade/values.schema.json")


def test_an_edit_that_changes_nothing_makes_no_commit(origin: Origin, repository: GitRepository) -> None:
    repository.write(write("one"))
    receipt = repository.write(write("one"))
    assert (receipt.pushed, receipt.change) == (False, None)
    assert len(origin.log()) == 2


def test_a_dry_run_shows_the_change_and_writes_nothing(origin: Origin, repository: GitRepository) -> None:
    receipt = repository.write(write("one"), dry_run=True)
    assert receipt.change is not None
    assert (receipt.pushed, receipt.head) == (False, origin.log()[0])
    assert len(origin.log()) == 1


def test_a_commit_of_another_writer_is_kept(origin: Origin, repository: GitRepository) -> None:
    repository.write(write("one"))
    foreign = origin.commit("clientes/cliente-002/values.yaml", "two")
    receipt = repository.write(write("three"))
    assert origin.log("%H %P")[0] == f"{receipt.head} {foreign}"
    assert origin.read("clientes/cliente-002/values.yaml") == "two"


def test_no_change_is_only_said_of_the_remotes_newest_head(origin: Origin, repository: GitRepository) -> None:
    repository.write(write("one"))
    origin.commit(PATH, "two")
    assert repository.write(write("one")).pushed
    assert origin.read(PATH) == "one"


def test_a_refusal_counts_only_for_the_remotes_newest_head(origin: Origin, repository: GitRepository) -> None:
    repository.write(write("blocked"))
    origin.commit(PATH, "free")

    def edit(snapshot: Snapshot) -> Change | None:
        if snapshot.read([PATH])[PATH] == b"blocked":
            raise PlatformError("fence_stale", "blocked")
        return write("mine")(snapshot)

    assert repository.write(edit).pushed


def test_a_commit_pushed_between_plan_and_push_is_not_lost(origin: Origin, repository: GitRepository) -> None:
    repository.write(write("begin"))
    races = iter(range(3))

    def edit(snapshot: Snapshot) -> Change | None:
        for race in races:
            origin.commit(f"other-{race}", "theirs")
            break
        return write("mine")(snapshot)

    assert repository.write(edit).pushed
    assert [origin.read(f"other-{race}") for race in range(3)] == ["theirs"] * 3
    assert origin.read(PATH) == "mine"
    assert len(origin.log()) == 6


def test_a_branch_that_was_rewritten_is_followed(origin: Origin, repository: GitRepository) -> None:
    repository.write(write("one"))
    origin.git("fetch", "--quiet", origin.url, "main")
    origin.git("push", "--quiet", "--force", origin.url, "HEAD~0:refs/heads/main")
    assert repository.write(write("two")).pushed
    assert len(origin.log()) == 2


def test_a_commit_whose_answer_got_lost_is_found(origin: Origin, repository: GitRepository) -> None:
    """The hook ends git push by a signal after the branch has moved: the answer never arrives."""
    hook(origin, "post-receive", 'test -e "$GIT_DIR/once" && exit 0; touch "$GIT_DIR/once"; kill -9 $PPID')
    receipt = repository.write(write("one"))
    assert receipt.pushed
    assert receipt.head == origin.log()[0]
    assert len(origin.log()) == 2


def test_a_repository_that_refuses_the_commit_says_why(origin: Origin, repository: GitRepository) -> None:
    hook(origin, "pre-receive", "echo only reviewed changes >&2; exit 1")
    with pytest.raises(PlatformError, match="remote: only reviewed changes") as caught:
        repository.write(write("one"))
    assert caught.value.code == "git_conflict"


def hook(origin: Origin, name: str, script: str) -> None:
    path = origin.bare / "hooks" / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_branch_that_never_rests_is_a_conflict(origin: Origin, tmp_path: pathlib.Path) -> None:
    repository = GitRepository(origin.url, cache_dir=str(tmp_path), timeout=3)

    def edit(snapshot: Snapshot) -> Change | None:
        origin.commit("other", str(time.monotonic()))
        return write("mine")(snapshot)

    with pytest.raises(PlatformError) as caught:
        repository.write(edit)
    assert caught.value.code in ("git_conflict", "git_unreachable")


def test_a_repository_away_for_a_while_is_waited_for(origin: Origin, repository: GitRepository) -> None:
    repository.write(write("one"))
    away = origin.bare.with_name("away")
    origin.bare.rename(away)
    back = subprocess.Popen(["sh", "-c", f"sleep 1; mv {away} {origin.bare}"])
    assert repository.write(write("two")).pushed
    assert back.wait() == 0


@pytest.mark.parametrize(
    "act",
    [
        lambda repository: repository.write(write("one")),
        lambda repository: repository.snapshot().__enter__(),
        lambda repository: repository.contains("a" * 40, "b" * 40),
    ],
    ids=["write", "snapshot", "contains"],
)
def test_a_repository_that_stays_away_is_unreachable(
    tmp_path: pathlib.Path, act: t.Callable[[GitRepository], object]
) -> None:
    repository = GitRepository(f"file://{tmp_path}/none.git", cache_dir=str(tmp_path / "c"), timeout=0.5)
    with pytest.raises(PlatformError, match="Cannot read refs/heads/main of file") as caught:
        act(repository)
    assert caught.value.code == "git_unreachable"


@pytest.mark.parametrize("url", ["", "-x", "--upload-pack=x", "https://user:pass@host/x.git"])
def test_a_url_that_hides_an_option_or_a_password_is_refused(url: str) -> None:
    with pytest.raises(PlatformError) as caught:
        GitRepository(url)
    assert caught.value.code == "usage"
    assert "pass@" not in caught.value.message


@pytest.mark.parametrize("branch", ["", "-f", "a..b", "a//b", "a/", "a.lock", "a b", "a:b", "a~1"])
def test_a_name_that_is_no_branch_is_refused(branch: str) -> None:
    with pytest.raises(PlatformError) as caught:
        GitRepository("x.git", branch)
    assert caught.value.code == "usage"


@pytest.mark.parametrize(("name", "email"), [("a\nb", "c"), ("a", "b>c"), (" ", "c")])
def test_a_committer_cannot_break_out_of_his_line(name: str, email: str) -> None:
    with pytest.raises(PlatformError):
        Identity(name, email)


@pytest.mark.parametrize("path", ["../x", "/x", 'a"b', "a\nb", "-x"])
def test_a_path_that_is_not_plain_is_refused(repository: GitRepository, path: str) -> None:
    with pytest.raises(PlatformError) as caught:
        repository.write(lambda snapshot: Change(path, b"", "x"))
    assert caught.value.code == "usage"


def test_a_local_path_without_a_scheme_is_a_repository_too(origin: Origin, tmp_path: pathlib.Path) -> None:
    assert GitRepository(str(origin.bare), cache_dir=str(tmp_path)).write(write("one")).pushed


def test_a_commit_is_contained_in_what_follows_and_not_in_what_came_before(
    origin: Origin, repository: GitRepository
) -> None:
    first = origin.log()[0]
    second = repository.write(write("two")).head
    third = origin.commit("other", "three")
    assert repository.contains(third, second)
    assert repository.contains(third, third)
    assert repository.contains(second, first)
    assert not repository.contains(second, third)


def test_a_commit_older_than_the_shallow_copy_is_contained(origin: Origin, repository: GitRepository) -> None:
    old = origin.commit("a", "1")
    origin.commit("a", "2")
    new = origin.commit("a", "3")
    with repository.snapshot() as snapshot:
        assert snapshot.head == new
    assert repository.contains(new, old)
    assert not repository.contains(old, new)


def test_a_commit_on_another_branch_is_not_contained(origin: Origin, repository: GitRepository) -> None:
    base = origin.log()[0]
    origin.git("checkout", "--quiet", "-b", "side")
    origin.git("commit", "--quiet", "--allow-empty", "-m", "side")
    side = origin.git("rev-parse", "HEAD").strip()
    origin.git("push", "--quiet", origin.url, "side")
    assert not repository.contains(base, side)
    assert not repository.contains(side, base)


@pytest.mark.parametrize("revision", ["main", "a" * 39, "A" * 40, "--all"])
def test_ancestry_is_asked_of_full_commit_ids_only(repository: GitRepository, revision: str) -> None:
    with pytest.raises(PlatformError) as caught:
        repository.contains("a" * 40, revision)
    assert caught.value.code == "usage"


def test_a_snapshot_lists_and_reads_files(origin: Origin, repository: GitRepository) -> None:
    origin.commit("clientes/cliente-002/values.yaml", "two\n")
    commit = origin.commit(PATH, "one")
    with repository.snapshot() as snapshot:
        assert snapshot.paths("clientes") == [PATH, "clientes/cliente-002/values.yaml"]
        assert snapshot.paths("nowhere") == []
        assert snapshot.read([PATH, "none", "clientes"]) == {PATH: b"one"}
        assert snapshot.last_commit(PATH) == commit


def leave_locks(copy: pathlib.Path) -> None:
    for name in ("index.lock", "packed-refs.lock", "shallow.lock", "refs/heads/main.lock"):
        (copy / name).touch()


def break_objects(copy: pathlib.Path) -> None:
    for path in (*copy.glob("objects/??/*"), *copy.glob("objects/pack/*")):
        path.chmod(0o600)
        path.write_bytes(b"")


def break_head(copy: pathlib.Path) -> None:
    (copy / "refs/heads/main").write_text("", encoding="ascii")


def point_to_nowhere(copy: pathlib.Path) -> None:
    (copy / "refs/heads/main").write_text("a" * 40 + "\n", encoding="ascii")


def remove_configuration(copy: pathlib.Path) -> None:
    (copy / "config").unlink()
    shutil.rmtree(copy / "refs")


@pytest.mark.parametrize(
    "damage", [leave_locks, break_objects, break_head, point_to_nowhere, remove_configuration]
)
def test_what_a_killed_writer_or_a_full_disk_left_in_the_copy_is_harmless(
    origin: Origin, repository: GitRepository, damage: t.Callable[[pathlib.Path], None]
) -> None:
    repository.write(write("one"))
    damage(copy_of(repository))
    assert repository.write(write("two")).pushed
    assert not repository.write(write("two")).pushed
    assert len(origin.log()) == 3


def test_a_commit_that_was_made_but_never_pushed_is_not_built_upon(
    origin: Origin, repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write(write("one"))
    with monkeypatch.context() as patched:
        patched.setattr(
            "ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops.repository._Copy.push",
            die,
        )
        with pytest.raises(KeyboardInterrupt):
            repository.write(write("ghost"))
    assert repository.write(write("ghost", "other")).pushed
    assert origin.log("%s") == ["Write ghost", "Write one", "Begin"]
    assert origin.read(PATH) == "one"


def die(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_paused_owner_of_the_copy_holds_nobody_up(
    origin: Origin, repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_LOCK_WAIT", 0.2)
    repository.write(write("one"))
    with open(f"{copy_of(repository)}.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert repository.write(write("two")).pushed
    assert repository.write(write("three")).pushed


def test_a_killed_owner_frees_the_copy(origin: Origin, repository: GitRepository) -> None:
    lock = f"{copy_of(repository)}.lock"
    repository.write(write("one"))
    script = (
        "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, lock], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        owner.kill()
    begin = time.monotonic()
    assert repository.write(write("two")).pushed
    assert time.monotonic() - begin < 5


def test_a_host_whose_cache_cannot_be_written_works_without(origin: Origin, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    repository = GitRepository(origin.url, cache_dir=str(tmp_path / "file"))
    assert repository.write(write("one")).pushed


def test_a_worn_copy_is_replaced(
    origin: Origin, repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write(write("one"))
    monkeypatch.setattr(cache_module, "_MOST_PACKS", 1)
    assert repository.write(write("two")).pushed
    assert len(list(copy_of(repository).glob("objects/pack/*.pack"))) == 2


def test_the_copy_is_its_owners_alone(origin: Origin, repository: GitRepository) -> None:
    before = os.umask(0)
    try:
        repository.write(write("one"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(copy_of(repository).stat().st_mode) == 0o700
