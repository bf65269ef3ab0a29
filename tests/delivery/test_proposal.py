# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest in the default values: written in place, proposed once. A stand-in plays GitHub's ``gh``."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
import yaml

from tests.delivery.conftest import COMMIT, ROOT, SCRIPTS, Workshop

REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/freqtrade-platform"
TAG = "run-7-1"
DIGEST = f"sha256:{7:064}"
IMAGE = "image:\n  repository: a\n  tag: b\n  digest: c\n"
GH = """
echo "$*" >>calls
case "$1 $2" in
"pr list") cat open 2>/dev/null || true ;;
"pr create") echo 12 >open ;;
esac
"""


def environment() -> str:
    """The template's default values."""
    return (ROOT / "infra" / "environment.yaml").read_text()


def test_only_the_lines_of_the_image_change(workshop: Workshop) -> None:
    file = workshop.write("environment.yaml", environment())
    workshop.script("write_digest.py", file, REPOSITORY, TAG, DIGEST)
    before, after = environment().splitlines(), file.read_text().splitlines()
    changed = {new for old, new in zip(before, after, strict=True) if old != new}
    assert changed == {f'  repository: "{REPOSITORY}"', f'  tag: "{TAG}"', f'  digest: "{DIGEST}"'}
    image = {"repository": REPOSITORY, "tag": TAG, "digest": DIGEST}
    expected = yaml.safe_load(environment())
    expected["image"].update(image)
    assert yaml.safe_load(file.read_text()) == expected


def test_a_second_time_writes_nothing(workshop: Workshop) -> None:
    file = workshop.write("environment.yaml", environment())
    workshop.script("write_digest.py", file, REPOSITORY, TAG, DIGEST)
    written = file.stat()
    workshop.script("write_digest.py", file, REPOSITORY, TAG, DIGEST)
    assert file.stat().st_mtime_ns == written.st_mtime_ns


def test_comments_beside_the_values_stay(workshop: Workshop) -> None:
    text = (
        "image: # ours\n  tag: 'a' # the tag\n\n  # why\n  digest:\n  repository: a/b\nother:\n  tag: keep\n"
    )
    file = workshop.write("values.yaml", text)
    workshop.script("write_digest.py", file, REPOSITORY, TAG, DIGEST)
    assert file.read_text() == (
        f'image: # ours\n  tag: "{TAG}" # the tag\n\n  # why\n  digest: "{DIGEST}"\n'
        f'  repository: "{REPOSITORY}"\nother:\n  tag: keep\n'
    )


@pytest.mark.parametrize(
    ("text", "image", "message"),
    [
        ("quota: {}\n", (REPOSITORY, TAG, DIGEST), "image: stands 0 times"),
        ("image: {tag: a}\n", (REPOSITORY, TAG, DIGEST), "image: stands 0 times"),
        ("image:\n  tag: a\n  repository: b\n", (REPOSITORY, TAG, DIGEST), "image.digest stands 0 times"),
        (
            "image:\n  repository: a\n  tag: a\n  tag: b\n",
            (REPOSITORY, TAG, DIGEST),
            "image.tag stands 2 times",
        ),
        (f"{IMAGE}{IMAGE}", (REPOSITORY, TAG, DIGEST), "image: stands 2 times"),
        (None, (REPOSITORY, TAG, "latest"), "is no digest"),
        (None, (REPOSITORY, 'a"\n  x: y', DIGEST), "is no tag"),
        (None, ("UPPER/case", TAG, DIGEST), "is no repository"),
        (None, (REPOSITORY, TAG), "zip()"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_changes(
    workshop: Workshop, text: str | None, image: tuple[str, ...], message: str
) -> None:
    file = workshop.write("environment.yaml", text or environment())
    assert message in workshop.refused("write_digest.py", file, *image)
    assert file.read_text() == (text or environment())


@pytest.fixture
def gitops(workshop: Workshop) -> Workshop:
    """A clone of a GitOps repository, with a ``gh`` that writes down what it is asked."""
    workshop.program("gh", GH)
    workshop.write(".git/info/exclude", "bin\nhome\nstorage.conf\ncalls\nopen\norigin.git\n")
    workshop.write("environment.yaml", environment())
    workshop.write("catalogue.json", '{"strategies": {}}\n')
    workshop.write("image/catalogue/catalogue.json", '{"strategies": {"New": "New.py"}}\n')
    shutil.copytree(SCRIPTS, workshop.folder / ".github" / "scripts")
    for command in (
        ("add", "--all"),
        (*COMMIT, "--message", "Template"),
        ("init", "--quiet", "--bare", "origin.git"),
        ("remote", "add", "origin", "./origin.git"),
        ("push", "--quiet", "origin", "main"),
    ):
        done = workshop.run("git", *command)
        assert done.returncode == 0, done.stderr
    return workshop


def propose(gitops: Workshop, digest: str = DIGEST) -> subprocess.CompletedProcess[str]:
    """Run the step as the workflow does, in a clone that is at main."""
    gitops.run("git", "switch", "--quiet", "main")
    done = gitops.run(".github/scripts/propose.sh", REPOSITORY, TAG, digest)
    assert done.returncode == 0, done.stderr
    return done


def on_origin(gitops: Workshop, branch: str, path: str) -> str:
    return gitops.run("git", "-C", "origin.git", "show", f"{branch}:{path}").stdout


def calls(gitops: Workshop) -> list[str]:
    path: pathlib.Path = gitops.folder / "calls"
    return [" ".join(line.split()[:2]) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_digest_and_the_images_strategies_are_proposed_together(gitops: Workshop) -> None:
    propose(gitops)
    assert DIGEST in on_origin(gitops, "deploy-bot", "environment.yaml")
    assert "New.py" in on_origin(gitops, "deploy-bot", "catalogue.json")
    assert on_origin(gitops, "main", "environment.yaml") == environment()
    assert calls(gitops) == ["pr list", "pr create"]


def test_a_newer_image_takes_the_place_of_the_proposed_one(gitops: Workshop) -> None:
    propose(gitops)
    newer = f"sha256:{8:064}"
    propose(gitops, newer)
    assert newer in on_origin(gitops, "deploy-bot", "environment.yaml")
    assert DIGEST not in on_origin(gitops, "deploy-bot", "environment.yaml")
    assert gitops.run("git", "rev-list", "--count", "main..deploy-bot").stdout.strip() == "1"
    assert calls(gitops) == ["pr list", "pr create", "pr list", "pr edit"]


def test_an_image_that_all_bots_have_is_not_proposed(gitops: Workshop) -> None:
    propose(gitops)
    for command in (("switch", "--quiet", "main"), ("merge", "--quiet", "deploy-bot")):
        assert gitops.run("git", *command).returncode == 0
    (gitops.folder / "calls").unlink()
    assert "already" in propose(gitops).stdout
    assert calls(gitops) == []
