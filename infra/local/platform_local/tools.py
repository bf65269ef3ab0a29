# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The Go programs of the platform, built from the modules that ``infra/local/tools`` pins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import cache
from .errors import LocalPlatformError
from .paths import Layout
from .progress import run, say, step

PROGRAMS = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubelet": "k8s.io/kubernetes/cmd/kubelet",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "helm": "helm.sh/helm/v3/cmd/helm",
    "argocd": "./argocd",
    "pause": "./pause",
}
NAMED_BY_GO = {"server": "etcd"}
"""Programs that Go names otherwise when it builds several."""
ARGOCD_COMPONENTS = (
    "argocd-repo-server",
    "argocd-application-controller",
    "argocd-applicationset-controller",
)
"""Names that the one Argo CD binary goes by: they decide what it is."""
FLAGS = ("-mod=readonly", "-trimpath", "-gcflags=all=-dwarf=false")
"""Without what the linker would throw away."""


def ensure(layout: Layout) -> tuple[Path, bool]:
    """The folder of the built programs, and whether they had to be built (about ten minutes on two cores)."""
    source = layout.infra / "local" / "tools"
    recipe = json.dumps([PROGRAMS, FLAGS, ARGOCD_COMPONENTS])
    own = (source / "pause", source / "argocd")
    key = cache.content_hash(source / "go.mod", source / "go.sum", *own, recipe)
    log = layout.logs / "tools.log"
    return cache.ensure("tools", key, lambda folder: _build(source, folder, log))


def module_folder(layout: Layout, module: str) -> Path:
    """Where Go keeps the source of a pinned module.

    :raises LocalPlatformError: when Go cannot tell.
    """
    asked = subprocess.run(
        ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module],
        check=False, capture_output=True, text=True, cwd=layout.infra / "local" / "tools",
    )  # fmt: skip
    if asked.returncode or not asked.stdout.strip():
        raise LocalPlatformError(f"Go does not know the module {module}: {asked.stderr.strip()}")
    return Path(asked.stdout.strip())


def main() -> int:
    """Build what is not in the cache and print the folder; needs nothing but Python and Go."""
    try:
        folder, _built = ensure(Layout.here())
    except LocalPlatformError as error:
        print(error, file=sys.stderr)
        return 1
    print(folder)
    return 0


def _build(source: Path, folder: Path, log: Path) -> None:
    if shutil.which("go") is None:
        raise LocalPlatformError("go is not on PATH")
    say(f"Building {len(PROGRAMS)} programs from Go modules, once; details in {log}")
    version = _kubernetes_version(source)
    major, minor = version.lstrip("v").split(".")[:2]
    package = "k8s.io/component-base/version"
    linker = (
        f"-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    )
    # One command for all: programs are linked, on one core each, while others are compiled.
    command = ["go", "build", *FLAGS, "-ldflags", linker, "-o", f"{folder}/", *PROGRAMS.values()]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOGC": "off", "GOMEMLIMIT": "2GiB"}
    with step("Go programs", lambda: f"{len(list(folder.iterdir()))} of {len(PROGRAMS)}"):
        run(command, log, cwd=source, env=environment)
    for built, name in NAMED_BY_GO.items():
        (folder / built).rename(folder / name)
    for name in ARGOCD_COMPONENTS:
        (folder / name).symlink_to("argocd")


def _kubernetes_version(source: Path) -> str:
    for line in (source / "go.mod").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words[:1] == ["k8s.io/kubernetes"]:
            return words[1]
    raise LocalPlatformError(f"{source}/go.mod does not name k8s.io/kubernetes")


if __name__ == "__main__":
    sys.exit(main())
