# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of deploy-bot.yml from the recipe to a signed image in a registry.

Grype itself needs a database of vulnerabilities from the Internet: here stands in what ends as it ends.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.tests.support.registry import registry

from tests.delivery.conftest import SCRIPTS, Workshop, new_workshop

Tool = t.Callable[[str], pathlib.Path]
PACKAGE = (
    "Package: tiny\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: all\nMaintainer: T <t@e.x>\n"
)
TAG = "run-1-1"
KEYS = {"COSIGN_KEY": "own.key", "COSIGN_PUBLIC_KEY": "own.pub", "COSIGN_SIGNING_CONFIG": "services.json"}


@dataclasses.dataclass
class Line(Workshop):
    """A workshop with a registry, a base image in it, and an image made of that."""

    registry: str = ""
    archive: str = "image.tar"

    @property
    def base(self) -> str:
        """Name of a base image with one Debian package, in the registry."""
        return f"{self.registry}/base:stable"

    def make_base(self) -> None:
        """Push the base image."""
        self.write("base/status", PACKAGE)
        self.write("base/os-release", 'ID=debian\nVERSION_ID="12"\n')
        copies = "COPY status /var/lib/dpkg/status\nCOPY os-release /etc/os-release\n"
        self.write("base/Dockerfile", f"FROM scratch\n{copies}")
        self.buildah("bud", "--quiet", "--tag", self.base, "base")
        self.buildah("push", "--quiet", self.base, f"docker://{self.base}")

    def build(self, archive: str, content: str, base: str = "") -> str:
        """Run the step that builds, on a recipe with one file; gives what it prints."""
        self.write("image/hello", content)
        self.write("image/Dockerfile", "ARG BASE_IMAGE=nothing\nFROM ${BASE_IMAGE}\nCOPY hello /hello\n")
        return self.script("build.sh", "image", base or self.base, archive)

    def buildah(self, *arguments: str) -> None:
        done = self.run("buildah", *arguments)
        assert done.returncode == 0, done.stderr

    def inspect(self, image: str) -> dict[str, t.Any]:
        """What skopeo tells of an image."""
        done = self.run("skopeo", "inspect", image)
        assert done.returncode == 0, done.stderr
        return t.cast(dict[str, t.Any], json.loads(done.stdout))

    def labels(self, archive: str) -> dict[str, str]:
        """The labels of an image, without their common beginning."""
        found = self.inspect(f"oci-archive:{archive}")["Labels"]
        return {name.removeprefix("org.opencontainers.image."): value for name, value in found.items()}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Line]:
    """The steps' common place; each test has repositories and files of its own in it."""
    made = new_workshop(tmp_path_factory.mktemp("line"))
    with registry(made.folder) as address:
        line = Line(made.folder, made.environment, address)
        line.make_base()
        line.build(line.archive, "hello\n")
        yield line


def test_the_image_tells_the_commit_and_the_base_it_is_made_from(line: Line) -> None:
    labels = line.labels(line.archive)
    assert labels["revision"] == line.run("git", "rev-parse", "HEAD").stdout.strip()
    assert labels["base.name"] == line.base
    assert labels["base.digest"] == line.inspect(f"docker://{line.base}")["Digest"]


def test_a_base_that_is_not_there_builds_nothing(line: Line) -> None:
    line.refused("build.sh", "image", f"{line.registry}/none:1", "none.tar")
    assert not (line.folder / "none.tar").exists()


@pytest.mark.parametrize("by", ["name", "digest"])
def test_the_base_is_taken_by_the_digest_of_its_name_or_the_given_one(line: Line, by: str) -> None:
    digest = line.inspect(f"docker://{line.base}")["Digest"]
    pinned = f"{line.base.removesuffix(':stable')}@{digest}"
    said = line.build(f"{by}.tar", "hello\n", line.base if by == "name" else pinned)
    assert f"FROM {pinned}" in said
    assert line.labels(f"{by}.tar")["base.digest"] == digest


def test_the_list_of_contents_names_the_packages(line: Line, tool: Tool) -> None:
    line.script("sbom.sh", line.archive, "contents.json", PATH=path_with(line, tool("syft")))
    sbom = json.loads((line.folder / "contents.json").read_text())
    assert sbom["spdxVersion"] == "SPDX-2.3"
    assert "tiny" in {package["name"] for package in sbom["packages"]}


def test_a_list_without_packages_is_refused(line: Line, tool: Tool) -> None:
    line.write("bare/hello", "hello\n")
    line.write("bare/Dockerfile", "FROM scratch\nCOPY hello /hello\n")
    line.buildah("bud", "--quiet", "--tag", "bare", "bare")
    line.buildah("push", "--quiet", "bare", "oci-archive:bare.tar")
    said = line.refused("sbom.sh", "bare.tar", "bare.json", PATH=path_with(line, tool("syft")))
    assert "lists no package" in said


@pytest.mark.parametrize(
    ("found", "limit", "passes"),
    [("high", "high", False), ("critical", "high", False), ("low", "high", True), ("", "low", True)],
)
def test_a_vulnerability_with_a_fix_refuses_an_image_from_the_limit_on(
    workshop: Workshop, found: str, limit: str, passes: bool
) -> None:
    order = "negligible low medium high critical"
    workshop.program(
        "grype",
        f'echo "$*" >>calls; limit=$4; order="{order}"; found="{found}"\n'
        'echo "{}" >scan.json; [ -z "$found" ] && exit 0\n'
        'rest=${order#*"$limit"}; case " $limit$rest " in *" $found "*) exit 2 ;; esac',
    )
    done = workshop.run(SCRIPTS / "scan.sh", "sbom.json", "scan.json", limit)
    assert (done.returncode == 0) is passes
    calls = (workshop.folder / "calls").read_text()
    assert calls == f"sbom:sbom.json --only-fixed --fail-on {limit} --output table --output json=scan.json\n"


def test_what_was_scanned_is_what_is_pushed(line: Line) -> None:
    output = line.write("output", "")
    bots = f"{line.registry}/pushed"
    digest = line.script("push.sh", line.archive, bots, TAG, GITHUB_OUTPUT=str(output)).strip()
    assert digest == line.inspect(f"oci-archive:{line.archive}")["Digest"]
    assert digest == line.inspect(f"docker://{bots}:{TAG}")["Digest"]
    assert output.read_text() == f"digest={digest}\n"


def test_a_second_push_of_the_same_image_pushes_nothing(line: Line) -> None:
    bots = f"{line.registry}/twice"
    first = line.script("push.sh", line.archive, bots, TAG)
    done = line.run(SCRIPTS / "push.sh", line.archive, bots, TAG)
    assert (done.stdout, done.returncode) == (first, 0)
    assert "is there already" in done.stderr


def test_a_tag_never_moves_to_another_image(line: Line) -> None:
    bots = f"{line.registry}/fixed"
    digest = line.script("push.sh", line.archive, bots, TAG).strip()
    line.build("another.tar", "another\n")
    assert "a tag never moves" in line.refused("push.sh", "another.tar", bots, TAG)
    assert line.inspect(f"docker://{bots}:{TAG}")["Digest"] == digest


@pytest.fixture(scope="module")
def signed(line: Line, tool: Tool) -> str:
    """An image signed with a key of the tests: Sigstore's services are out of reach."""
    line.environment |= {"COSIGN_PASSWORD": "", "PATH": path_with(line, tool("cosign"))}
    for name in ("own", "other"):
        assert line.run("cosign", "generate-key-pair", "--output-key-prefix", name).returncode == 0
    line.write("services.json", line.run("cosign", "signing-config", "create").stdout)
    line.write("sbom.json", json.dumps({"spdxVersion": "SPDX-2.3", "packages": []}))
    digest = line.script("push.sh", line.archive, f"{line.registry}/signed", TAG).strip()
    image = f"{line.registry}/signed@{digest}"
    line.script("sign.sh", image, "sbom.json", **KEYS)
    return image


@pytest.mark.parametrize("options", [("verify",), ("verify-attestation", "--type", "spdxjson")])
def test_a_signed_image_is_told_from_one_signed_by_others(
    line: Line, signed: str, options: tuple[str, ...]
) -> None:
    def verified(key: str) -> bool:
        command = ("cosign", *options, "--key", f"{key}.pub", "--insecure-ignore-tlog=true", signed)
        return line.run(*command).returncode == 0

    assert verified("own")
    assert not verified("other")


def test_a_signature_that_does_not_verify_fails_the_step(line: Line, signed: str) -> None:
    line.refused("sign.sh", signed, "sbom.json", **{**KEYS, "COSIGN_PUBLIC_KEY": "other.pub"})


def test_a_tag_is_not_signed(workshop: Workshop) -> None:
    assert "names no digest" in workshop.refused("sign.sh", f"registry.example/bots:{TAG}", "sbom.json")


def test_without_a_key_the_signer_is_the_workflow(workshop: Workshop) -> None:
    workshop.program("cosign", 'echo "$*" >>calls')
    identity = "https://github.com/o/r/.github/workflows/deploy-bot.yml@refs/heads/main"
    image = f"registry.example/bots@sha256:{0:064}"
    workshop.script("sign.sh", image, "sbom.json", SIGNER=identity)
    issuer = "https://token.actions.githubusercontent.com"
    certificate = f"--certificate-identity {identity} --certificate-oidc-issuer {issuer}"
    assert (workshop.folder / "calls").read_text().splitlines() == [
        f"sign --yes {image}",
        f"attest --yes --type spdxjson --predicate sbom.json {image}",
        f"verify {certificate} {image}",
        f"verify-attestation {certificate} --type spdxjson {image}",
    ]


def path_with(workshop: Workshop, program: pathlib.Path) -> str:
    """PATH with a program's folder before all others."""
    return f"{program.parent}:{workshop.environment['PATH']}"
