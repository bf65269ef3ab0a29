# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""One branch of the GitOps repository: read it, ask for ancestry, add a commit without a checkout.

A commit is planned on the last known head and pushed with a lease on it. Only when the remote
refuses, or when there is nothing to write, is the branch fetched and the plan made again: a quiet
branch costs one round trip, and no commit of another writer is ever lost.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import random
import re
import time
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import (
    cache,
    command,
)

_BRANCH = re.compile(r"(?!.*(?:\.\.|//|\.lock|/$))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_REVISION = re.compile(r"[0-9a-f]{40}")
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_PASSWORD = re.compile(r"://[^/@]*:[^/@]*@")
_REFUSAL = re.compile(r"\[(?:remote )?rejected\] \(([^)]*)\)")


@dataclasses.dataclass(frozen=True)
class Identity:
    """Who commits."""

    name: str = "bot_freqtrade.platform"
    email: str = "platform@bot-freqtrade.invalid"

    def __post_init__(self) -> None:
        if not self.name.strip() or re.search(r"[<>\x00-\x1f]", self.name + self.email):
            raise PlatformError("usage", "The committer's name or e-mail address is not usable in a commit")


@dataclasses.dataclass(frozen=True)
class Change:
    """One file of the next commit."""

    path: str
    content: bytes
    message: str


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What a write ended with: the commit made, or the head that needed none."""

    head: str
    change: Change | None
    pushed: bool


class Snapshot:
    """The files of one commit."""

    def __init__(self, git: command.Git, head: str, deadline: command.Deadline) -> None:
        self.head = head
        self._git = git
        self._deadline = deadline

    def read(self, paths: t.Sequence[str]) -> dict[str, bytes]:
        """Return the content of those of the ``paths`` that exist."""
        wanted = "".join(f"{self.head}:{path}\n" for path in paths)
        printed = self._git.read("cat-file", "--batch", deadline=self._deadline, stdin=wanted.encode())
        return dict(_objects(paths, printed))

    def paths(self, folder: str) -> list[str]:
        """Return the paths of all files below ``folder``."""
        printed = self._git.run(
            "ls-tree", "-rz", "--name-only", self.head, f"{folder}/", deadline=self._deadline
        )
        return [path for path in printed.split("\0") if path]

    def last_commit(self, path: str) -> str:
        """Return the newest commit that touched ``path``, as far back as the copy reaches."""
        return self._git.run("rev-list", "-1", self.head, "--", path, deadline=self._deadline).strip()


Edit = t.Callable[[Snapshot], "Change | None"]


class GitRepository:
    """A branch of a remote repository.

    :param url: URL or path; a URL with a password is refused.
    :param branch: the branch that Argo CD follows.
    :param cache_dir: where copies are kept, by default the user's cache directory.
    :param timeout: seconds that one call may take, retries included.
    """

    def __init__(
        self,
        url: str,
        branch: str = "main",
        cache_dir: str | None = None,
        *,
        identity: Identity | None = None,
        access: command.Access | None = None,
        timeout: float = 30.0,
    ) -> None:
        if not url or url.startswith("-") or _PASSWORD.search(url):
            raise PlatformError("usage", "The repository is not a URL or path without a password")
        if not _BRANCH.fullmatch(branch):
            raise PlatformError("usage", f"The branch {branch!r} is not a usable name")
        self._url = url
        self._ref = f"refs/heads/{branch}"
        self._cache = cache.Cache(cache_dir, url)
        self._identity = identity or Identity()
        self._environment = (access or command.Access()).environment()
        self._timeout = timeout

    def contains(self, revision: str, commit: str) -> bool:
        """Tell whether ``commit`` is ``revision`` or one of its ancestors.

        A revision that the branch does not have contains nothing. Raise ``git_unreachable`` when
        the copy cannot answer and the remote cannot be asked.
        """
        for name in (revision, commit):
            if not _REVISION.fullmatch(name):
                raise PlatformError("usage", f"The revision {name!r} is not a full commit id")
        if revision == commit:
            return True
        with self._copy() as copy:
            return copy.contains(revision, commit)

    @contextlib.contextmanager
    def snapshot(self) -> t.Iterator[Snapshot]:
        """Yield the remote's head of now."""
        with self._copy() as copy:
            copy.fetch()
            yield copy.snapshot()

    def write(self, edit: Edit, dry_run: bool = False) -> Receipt:
        """Commit what ``edit`` makes of the head, on top of whatever others committed meanwhile.

        ``edit`` is pure: it may be called several times, and what it returns or raises counts only
        for the remote's newest head. Raise ``git_unreachable`` or ``git_conflict`` at the deadline;
        the commit may then have arrived, and calling again finds out.
        """
        with self._copy() as copy:
            return _Writer(copy, edit, dry_run).write()

    @contextlib.contextmanager
    def _copy(self) -> t.Iterator[_Copy]:
        deadline = command.Deadline.after(self._timeout)
        with self._cache.owned(deadline) as (directory, lock):
            git = command.Git(directory, self._environment, lock)
            try:
                yield _Copy(git, self._url, self._ref, self._identity, deadline)
            except command.GitFailed as error:
                cache.discard(pathlib.Path(directory))
                raise PlatformError("git_unreachable", f"Cannot use the copy in time: {error}") from None


class _Copy:
    """The local copy while this job owns it."""

    def __init__(
        self, git: command.Git, url: str, ref: str, identity: Identity, deadline: command.Deadline
    ) -> None:
        self.git = git
        self.deadline = deadline
        self._url = url
        self._ref = ref
        self._identity = identity

    @property
    def is_empty(self) -> bool:
        return not (pathlib.Path(self.git.directory) / self._ref).is_file()

    @property
    def is_shallow(self) -> bool:
        return (pathlib.Path(self.git.directory) / "shallow").is_file()

    def head(self) -> str:
        return (pathlib.Path(self.git.directory) / self._ref).read_text("ascii").strip()

    def snapshot(self) -> Snapshot:
        return Snapshot(self.git, self.head(), self.deadline)

    def fetch(self, *options: str) -> None:
        """Make the copy's branch what the remote's is; try again until the deadline."""
        attempt = 0
        while True:
            depth = ("--depth=1",) if self.is_empty else options
            try:
                self._fetch(*depth)
                return
            except command.GitFailed as error:
                attempt += 1
                if not pause(attempt, self.deadline):
                    raise self._unreachable(error) from None
                if attempt % 2 == 0:  # perhaps it is the copy that is broken
                    self._renew()

    def _fetch(self, *options: str) -> None:
        refspec = f"+{self._ref}:{self._ref}"
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
        self.git.run("fetch", *quiet, *options, "--", self._url, refspec, deadline=self.deadline)

    def _renew(self) -> None:
        directory = pathlib.Path(self.git.directory)
        cache.discard(directory)
        cache.create(directory)

    def _unreachable(self, error: command.GitFailed) -> PlatformError:
        where = command.redact(self._url)
        return PlatformError("git_unreachable", f"Cannot read {self._ref} of {where}: {error.stderr}")

    def contains(self, revision: str, commit: str) -> bool:
        answer = self.is_ancestor(commit, revision)
        if answer is None or self.is_empty:
            self.fetch()
            answer = self.is_ancestor(commit, revision)
        if not answer and self.is_shallow:
            self.fetch("--unshallow")
            answer = self.is_ancestor(commit, revision)
        return bool(answer)

    def is_ancestor(self, commit: str, revision: str) -> bool | None:
        """Return None when the copy lacks one of the two."""
        try:
            self.git.run("merge-base", "--is-ancestor", commit, revision, deadline=self.deadline)
        except command.GitFailed as error:
            return False if error.returncode == 1 else None
        return True

    def commit(self, base: str, change: Change) -> str:
        """Write the commit into the copy and return its id."""
        stream = _import_stream(self._ref, base, self._identity, change)
        return self.git.run("fast-import", "--quiet", deadline=self.deadline, stdin=stream).strip()

    def push(self, base: str, commit: str) -> None:
        """Publish the commit if the remote is still at ``base``; raise :class:`command.GitFailed` if not."""
        lease = f"--force-with-lease={self._ref}:{base}"
        options = ("--porcelain", "--quiet", "--no-verify", lease)
        self.git.run("push", *options, "--", self._url, f"{commit}:{self._ref}", deadline=self.deadline)


class _Writer:
    """One write: plan, commit, push, and after a refusal the same again on the new head."""

    def __init__(self, copy: _Copy, edit: Edit, dry_run: bool) -> None:
        self._copy = copy
        self._edit = edit
        self._dry_run = dry_run
        self._fresh = False
        self._sent: list[tuple[str, Change]] = []

    def write(self) -> Receipt:
        if self._dry_run or self._copy.is_empty:
            self._refresh()
        while True:
            receipt = self._landed() or self._attempt()
            if receipt is not None:
                return receipt
            self._refresh()

    def _refresh(self) -> None:
        self._copy.fetch()
        self._fresh = True

    def _attempt(self) -> Receipt | None:
        """Return None when the answer holds only for a head that is not, or no longer, the remote's."""
        base = self._copy.head()
        try:
            change = self._edit(self._copy.snapshot())
        except (PlatformError, command.GitFailed):
            if self._fresh:
                raise
            return None
        if change is None or self._dry_run:
            return Receipt(base, change, pushed=False) if self._fresh else None
        return self._publish(base, change)

    def _publish(self, base: str, change: Change) -> Receipt | None:
        try:
            commit = self._copy.commit(base, change)
            self._sent.append((commit, change))
            self._copy.push(base, commit)
        except command.GitFailed as error:
            self._give_up_or_wait(error)
            return None
        return Receipt(commit, change, pushed=True)

    def _give_up_or_wait(self, error: command.GitFailed) -> None:
        """Wait a little before the next attempt, except where a hook of the remote refuses each of them."""
        refusal = _REFUSAL.search(error.stdout)
        if refusal and "hook declined" in refusal[1]:
            raise PlatformError("git_conflict", f"The repository refuses the commit: {error.stderr}")
        if self._fresh and not pause(len(self._sent), self._copy.deadline):
            code = "git_conflict" if refusal else "git_unreachable"
            reason = refusal[1] if refusal else error.stderr
            raise PlatformError(code, f"Cannot push a commit in time: {reason}")

    def _landed(self) -> Receipt | None:
        """Find the commit of a push whose answer got lost."""
        for commit, change in self._sent:
            if self._fresh and self._copy.is_ancestor(commit, self._copy.head()):
                return Receipt(commit, change, pushed=True)
        return None


def pause(attempt: int, deadline: command.Deadline) -> bool:
    """Sleep a random time that grows with ``attempt``; return False when the deadline leaves none."""
    seconds = random.uniform(0.01, min(2.0, 0.05 * 2 ** min(attempt, 8)))  # noqa: S311
    if deadline.remaining <= seconds:
        return False
    time.sleep(seconds)
    return True


def _objects(paths: t.Sequence[str], printed: bytes) -> t.Iterator[tuple[str, bytes]]:
    """Split the answer of ``git cat-file --batch``."""
    offset = 0
    for path in paths:
        end = printed.index(b"\n", offset)
        words = printed[offset:end].split()
        offset = end + 1
        if words[-1] == b"missing":
            continue
        size = int(words[-1])
        if words[-2] == b"blob":
            yield path, printed[offset : offset + size]
        offset += size + 1


def _import_stream(ref: str, base: str, identity: Identity, change: Change) -> bytes:
    """Compose the input of ``git fast-import`` for one commit that writes one file."""
    if not _PATH.fullmatch(change.path):
        raise PlatformError("usage", f"The path {change.path!r} is not a plain one")
    message = change.message.encode()
    head = (
        f"feature done\ncommit {ref}\nmark :1\n"
        f"committer {identity.name} <{identity.email}> {int(time.time())} +0000\n"
        f"data {len(message)}\n"
    )
    file = f"\nfrom {base}\nM 100644 inline {change.path}\ndata {len(change.content)}\n"
    return head.encode() + message + file.encode() + change.content + b"\nget-mark :1\ndone\n"


__all__ = ("Change", "Edit", "GitRepository", "Identity", "Receipt", "Snapshot")
