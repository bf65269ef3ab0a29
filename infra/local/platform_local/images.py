# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Container images that no registry is asked for: Freqtrade's base and the sandbox of pods."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path

from . import cache
from .errors import LocalPlatformError
from .paths import Layout
from .progress import run, step

SANDBOX_IMAGE = "localhost/pause:local"
BASE_IMAGE = "localhost/freqtrade-base:2026.9"
DEBIAN = "bookworm"
DEBIAN_PACKAGES = "ca-certificates,python3,python3-pip,python3-venv,sudo"
PYTHON_IMAGE = "localhost/python:3.11"
PYTHON_PACKAGES = "ca-certificates,python3,python3-venv"
LISTENER_SOURCES = (
    "COPYING", "LICENSES", "constraints.txt", "galaxy.yml", "listener", "meta", "playbooks", "plugins",
    "requirements.txt", "roles",
)  # fmt: skip
"""What the listener's Dockerfile copies, under the root of the repository."""
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_NAME = re.compile(r"(?P<repository>.+?)(?::(?P<tag>\w[\w.-]*))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")


def ensure_base(layout: Layout) -> tuple[Path, bool]:
    """The folder with ``image.tar`` of :data:`BASE_IMAGE`, and whether it had to be built (some minutes)."""
    recipe = layout.infra / "local" / "base_image"
    key = cache.content_hash(recipe, DEBIAN, DEBIAN_PACKAGES)
    log = layout.logs / "base-image.log"
    return cache.ensure("base-image", key, lambda folder: _build_base(recipe, folder, log))


def ensure_platform(layout: Layout) -> tuple[Path, bool]:
    """The folder with ``image.tar`` of the image that bots run, and whether it had to be built."""
    base, _built = ensure_base(layout)
    name = platform_name(layout)
    log = layout.logs / "platform-image.log"

    def build_it(folder: Path) -> None:
        context = folder / "context"
        shutil.copytree(layout.infra / "image", context)
        for source in (layout.infra / "local" / "strategies").glob("*.py"):
            shutil.copy(source, context / "catalogue")
        (context / "catalogue" / "catalogue.json").write_text(catalogue(layout), encoding="utf-8")
        with step("The platform's image"):
            arguments = (f"BASE_IMAGE={BASE_IMAGE}",)
            build(context, name, folder / "image.tar", log, base / "image.tar", arguments)
        shutil.rmtree(context)

    return cache.ensure("platform-image", name.rpartition(":")[2], build_it)


def platform_name(layout: Layout) -> str:
    """Name and tag of the image that bots run; the tag changes with the content."""
    local = layout.infra / "local"
    recipes = (layout.infra / "image", local / "strategies", local / "base_image")
    return f"localhost/freqtrade-platform:{cache.content_hash(*recipes, DEBIAN, DEBIAN_PACKAGES)}"


def ensure_listener(layout: Layout) -> tuple[Path, bool]:
    """The folder with ``image.tar`` of the listener's pods' image, and whether it had to be built."""
    base, _built = _ensure_python(layout)
    name = listener_name(layout)

    def build_it(folder: Path) -> None:
        context = folder / "context"
        context.mkdir()
        for source in (layout.checkout / name for name in LISTENER_SOURCES):
            if source.is_dir():
                shutil.copytree(source, context / source.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, context)
        with step("The listener's image"):
            build(
                context, name, folder / "image.tar", layout.logs / "listener-image.log", base / "image.tar",
                (f"BASE_IMAGE={PYTHON_IMAGE}",), context / "listener" / "Dockerfile",
            )  # fmt: skip
        shutil.rmtree(context)

    return cache.ensure("listener-image", name.rpartition(":")[2], build_it)


def listener_name(layout: Layout) -> str:
    """Name and tag of the image that the listener's pods run; the tag changes with the content."""
    sources = (layout.checkout / name for name in LISTENER_SOURCES)
    recipe = layout.infra / "local" / "python_image"
    return f"localhost/freqtrade-listener:{cache.content_hash(*sources, recipe, DEBIAN, PYTHON_PACKAGES)}"


def _ensure_python(layout: Layout) -> tuple[Path, bool]:
    """The folder with ``image.tar`` of :data:`PYTHON_IMAGE`, and whether it had to be built."""
    recipe = layout.infra / "local" / "python_image"
    key = cache.content_hash(recipe, DEBIAN, PYTHON_PACKAGES)
    log = layout.logs / "python-image.log"

    def build_it(folder: Path) -> None:
        context = folder / "context"
        shutil.copytree(recipe, context)
        with step("Debian for the listener's image"):
            _bootstrap(PYTHON_PACKAGES, context, log)
        build(context, PYTHON_IMAGE, folder / "image.tar", log)
        shutil.rmtree(context)

    return cache.ensure("python-image", key, build_it)


def catalogue(layout: Layout) -> str:
    """The strategies of the local image as JSON: the product's and the local ones, some of them broken."""
    product = json.loads(
        (layout.infra / "image" / "catalogue" / "catalogue.json").read_text(encoding="utf-8")
    )
    local = {path.stem: path.name for path in sorted((layout.infra / "local" / "strategies").glob("*.py"))}
    return json.dumps({"strategies": {**product["strategies"], **local}}, indent=2) + "\n"


def parts(name: str) -> dict[str, str] | None:
    """An image's name as the charts take it, with a tag or a digest; None when it has neither."""
    found = _NAME.fullmatch(name)
    if found is None or not (found["tag"] or found["digest"]):
        return None
    # The charts want a tag, which says nothing beside a digest.
    return {
        "repository": found["repository"],
        "tag": found["tag"] or "pinned",
        "digest": found["digest"] or "",
    }


def push(layout: Layout, name: str) -> bool:
    """Give a registry the image that bots run, under this name; False when it was built before.

    :raises LocalPlatformError: when the registry refuses.
    """
    folder, built = ensure_platform(layout)
    with step(f"Push of {name}"):
        source = f"docker-archive:{folder / 'image.tar'}"
        run(["skopeo", "copy", source, f"docker://{name}"], layout.logs / "push.log")
    return built


def _build_base(recipe: Path, folder: Path, log: Path) -> None:
    context = folder / "context"
    shutil.copytree(recipe, context)
    with step("Debian for Freqtrade's image"):
        _bootstrap(DEBIAN_PACKAGES, context, log)
    with step("Freqtrade's image"):
        build(context, BASE_IMAGE, folder / "image.tar", log)
    shutil.rmtree(context)


def _bootstrap(packages: str, folder: Path, log: Path) -> None:
    """Write ``rootfs.tar``, a minimal Debian with these packages, into a folder."""
    run(["mmdebstrap", "--variant=minbase", f"--include={packages}", DEBIAN, folder / "rootfs.tar"], log)


def sandbox_archive(pause: Path, archive: Path) -> None:
    """Write an image of nothing but the program ``pause``.

    :param archive: where to; a docker-archive named :data:`SANDBOX_IMAGE`.
    """
    program_archive(SANDBOX_IMAGE, pause, archive)


def program_archive(name: str, program: Path, archive: Path) -> None:
    """Write an image of nothing but one static program, which is its entry point.

    :param name: of the image, with a tag.
    :param archive: where to; a docker-archive.
    """
    layer = _tar({program.name: program.read_bytes()}, mode=0o755)
    configuration = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "config": {"Entrypoint": [f"/{program.name}"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {"layer.tar": layer, "config.json": configuration, "manifest.json": manifest}
    archive.write_bytes(
        _tar(
            {
                name: data if isinstance(data, bytes) else json.dumps(data).encode()
                for name, data in files.items()
            }
        )
    )


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def build(
    context: Path,
    name: str,
    archive: Path,
    log: Path,
    base: Path | None = None,
    arguments: tuple[str, ...] = (),
    recipe: Path | None = None,
) -> None:
    """Build a folder with a Dockerfile into an archive that containerd can import.

    buildah gets a store of its own, which is removed again: the archive is all that stays.

    :param base: the archive of an image that the Dockerfile starts FROM.
    :param arguments: build arguments, ``NAME=value``.
    :param recipe: the Dockerfile, where it is not at the folder's top.
    :raises LocalPlatformError: when a step fails.
    """
    store = archive.parent / "store"
    buildah = ["buildah", "--root", str(store / "root"), "--runroot", str(store / "run")]
    try:
        if base:
            run([*buildah, "pull", f"docker-archive:{base}"], log)
        options = [*_host_access(archive.parent), *(f"--build-arg={argument}" for argument in arguments)]
        options.append(f"--file={recipe or context / 'Dockerfile'}")
        run([*buildah, "bud", "--isolation", "chroot", "--pull-never", *options, "--tag", name, context], log)
        run([*buildah, "push", name, f"docker-archive:{archive}:{name}"], log)
    finally:
        remove_store(store)


def remove_store(store: Path) -> None:
    """Remove a store of buildah with the mounts that it leaves.

    :raises LocalPlatformError: when something in it is still mounted and busy.
    """
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    points = [line.split(" ")[1] for line in mounts]
    for point in sorted((p for p in points if p.startswith(f"{store}/")), reverse=True):
        done = subprocess.run(["umount", point], check=False, capture_output=True, text=True)
        if done.returncode:
            raise LocalPlatformError(f"Cannot unmount {point}: {done.stderr.strip()}")
    shutil.rmtree(store, ignore_errors=True)


def _host_access(folder: Path) -> list[str]:
    """Options that let a build reach the host's package registries, leaving no trace in the image."""
    configuration = folder / "pip.conf"
    configuration.write_text("[global]\n" + "".join(_pip_settings()), encoding="utf-8")
    options = [f"--volume={configuration}:/etc/pip.conf:ro"]
    if CERTIFICATES.exists():
        options.append(f"--volume={CERTIFICATES}:{CERTIFICATES}:ro")
    return options


def _pip_settings() -> t.Iterator[str]:
    for setting in ("cert", "index-url", "extra-index-url", "trusted-host", "timeout"):
        name = f"PIP_{setting.replace('-', '_').upper()}"
        found = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", f"global.{setting}"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        value = os.environ.get(name) or found.stdout.strip()
        if value:
            yield f"{setting} = {value}\n"
