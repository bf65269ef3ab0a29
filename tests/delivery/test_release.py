# SPDX-License-Identifier: GPL-3.0-or-later
"""The release of the collection: built by the tag, published to a stand-in for Galaxy."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import pathlib
import re
import shutil
import tarfile
import threading
import typing as t
from collections.abc import Iterator

import pytest

from tests.delivery.conftest import ROOT, Workshop

TOKEN = "a-token-of-the-tests"
ARCHIVE = "bot_freqtrade-platform-1.2.3.tar.gz"


@pytest.fixture
def checkout(workshop: Workshop) -> Workshop:
    """A small collection with the release's scripts."""
    shutil.copytree(ROOT / ".github" / "scripts", workshop.folder / ".github" / "scripts")
    text = (ROOT / "galaxy.yml").read_text()
    workshop.write("galaxy.yml", re.sub(r"(?m)^version: .*", "version: 1.2.3", text))
    workshop.write("README.md", "# A collection\n")
    workshop.write("COPYING", "text\n")
    workshop.write("meta/runtime.yml", "requires_ansible: '>=2.18.0'\n")
    workshop.write("changelogs/changelog.yaml", "releases:\n  1.2.3:\n    changes: {}\n")
    workshop.write("changelogs/fragments/.gitkeep", "")
    return workshop


def build(checkout: Workshop, tag: str = "v1.2.3") -> t.Any:
    return checkout.run(".github/scripts/build_collection.sh", tag, "dist")


def test_the_tag_builds_the_collection_of_its_version(checkout: Workshop) -> None:
    done = build(checkout)
    assert done.returncode == 0, done.stderr
    with tarfile.open(checkout.folder / "dist" / ARCHIVE) as archive:
        manifest = json.load(t.cast(t.IO[bytes], archive.extractfile("MANIFEST.json")))
    assert manifest["collection_info"]["version"] == "1.2.3"


def test_a_tag_of_another_version_builds_nothing(checkout: Workshop) -> None:
    done = build(checkout, "v1.2.4")
    assert done.returncode != 0
    assert "the tag is v1.2.4, and galaxy.yml has version 1.2.3" in done.stderr
    assert not (checkout.folder / "dist").exists()


def test_a_version_that_the_changelog_does_not_tell_of_is_refused(checkout: Workshop) -> None:
    checkout.write("changelogs/changelog.yaml", "releases:\n  1.2.30:\n    changes: {}\n")
    assert "does not tell of 1.2.3" in build(checkout).stderr


def test_a_change_that_is_not_in_the_changelog_is_refused(checkout: Workshop) -> None:
    checkout.write("changelogs/fragments/late.yml", "minor_changes: [late]\n")
    done = build(checkout)
    assert done.returncode != 0
    assert "late.yml" in done.stderr


class Galaxy(http.server.BaseHTTPRequestHandler):
    """Takes a collection and imports it, or refuses it, as Galaxy's API v3 does."""

    uploads: t.ClassVar[list[tuple[str, bytes]]] = []
    verdict: t.ClassVar[str] = "completed"

    def do_GET(self) -> None:
        if "/imports/" in self.path:
            messages = [{"level": "ERROR", "message": "no good"}] if self.verdict == "failed" else []
            error = {"code": "E", "description": "refused"} if self.verdict == "failed" else None
            self._answer(
                {"state": self.verdict, "finished_at": "2026-01-01", "messages": messages, "error": error}
            )
        else:
            self._answer({"available_versions": {"v3": "v3/"}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.uploads.append((self.headers["Authorization"], body))
        self._answer({"task": "/api/v3/imports/collections/1/"})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: dict[str, t.Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def galaxy(checkout: Workshop) -> Iterator[type[Galaxy]]:
    """A server that ansible-galaxy takes for Galaxy, and an archive to publish."""
    checkout.write("dist/README.md", "")
    with tarfile.open(checkout.folder / "dist" / ARCHIVE, "w:gz") as archive:
        archive.add(checkout.folder / "README.md", "README.md")
    Galaxy.uploads, Galaxy.verdict = [], "completed"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Galaxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    checkout.environment["ANSIBLE_GALAXY_SERVER"] = f"http://127.0.0.1:{server.server_port}/api/"
    yield Galaxy
    server.shutdown()
    server.server_close()


def publish(checkout: Workshop, **environment: str) -> t.Any:
    return checkout.run(".github/scripts/publish_collection.sh", "dist", **environment)


def test_the_very_archive_is_published_with_the_token(checkout: Workshop, galaxy: type[Galaxy]) -> None:
    done = publish(checkout, GALAXY_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    ((authorization, body),) = galaxy.uploads
    assert authorization == f"Token {TOKEN}"
    archive = (checkout.folder / "dist" / ARCHIVE).read_bytes()
    assert base64.b64encode(archive) in b"".join(body.split())
    assert hashlib.sha256(archive).hexdigest().encode() in body


def test_the_token_is_no_argument_no_variable_and_no_file_afterwards(
    checkout: Workshop, galaxy: type[Galaxy]
) -> None:
    checkout.program(
        "ansible-galaxy",
        'echo "$*" >seen; env >>seen; stat -c "mode %a" "$ANSIBLE_GALAXY_TOKEN_PATH" >>seen\n'
        'cat "$ANSIBLE_GALAXY_TOKEN_PATH" >token',
    )
    assert publish(checkout, GALAXY_TOKEN=TOKEN).returncode == 0
    seen = (checkout.folder / "seen").read_text()
    assert TOKEN not in seen
    assert "mode 600" in seen
    assert (checkout.folder / "token").read_text() == f"token: {TOKEN}\n"
    (path,) = re.findall(r"ANSIBLE_GALAXY_TOKEN_PATH=(.*)", seen)
    assert not pathlib.Path(path).exists()


def test_a_collection_that_galaxy_refuses_fails_the_step(checkout: Workshop, galaxy: type[Galaxy]) -> None:
    galaxy.verdict = "failed"
    done = publish(checkout, GALAXY_TOKEN=TOKEN)
    assert done.returncode != 0
    assert "refused" in done.stderr


@pytest.mark.parametrize("count", [0, 2])
def test_anything_but_one_archive_is_refused(checkout: Workshop, galaxy: type[Galaxy], count: int) -> None:
    archive = checkout.folder / "dist" / ARCHIVE
    shutil.copy(archive, archive.with_name("second.tar.gz")) if count else archive.unlink()
    assert "one archive is wanted" in publish(checkout, GALAXY_TOKEN=TOKEN).stderr
    assert galaxy.uploads == []


def test_without_a_token_nothing_is_published(checkout: Workshop, galaxy: type[Galaxy]) -> None:
    assert publish(checkout).returncode != 0
    assert galaxy.uploads == []
