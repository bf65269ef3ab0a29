# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Command line of the local platform: progress on standard error, the result as JSON on standard output."""

from __future__ import annotations

import argparse
import json
import os
import sys
import typing as t
from pathlib import Path

from . import existing_cluster, gitops_root, host, images
from .chain import Chain
from .errors import LocalPlatformError
from .leftovers import differences, snapshot
from .options import ExistingCluster, Options
from .paths import Layout
from .platform import Platform


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 on success, 1 on an expected failure."""
    options = _parser().parse_args(arguments)
    try:
        answer = _COMMANDS[options.command](options)
    except LocalPlatformError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m platform_local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("build", "build what is not in the cache"), ("up", "build and start the platform")):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "--no-listener", dest="listener", action="store_false", help="no chain and no listener"
        )
        command.add_argument(
            "--external-secrets",
            action="store_true",
            help="keep clients' secrets in a stand-in for AWS, with External Secrets in the cluster",
        )
        _add_cluster(command)
    image = commands.add_parser("image", help="build the bots' image and push it to a registry")
    image.add_argument("name", help="its name there, with a tag")
    commands.add_parser("down", help="end the platform and leave the host as it was")
    wallet = commands.add_parser("wallet", help="register wallets as clients and give them coins")
    wallet.add_argument("keys", type=Path, nargs="+", metavar="FILE", help="of a key; made when not there")
    commands.add_parser("status", help="show the state of each program")
    packages = commands.add_parser("packages", help="list the Debian packages that are missing")
    _add_kubeconfig(packages)
    commands.add_parser("snapshot", help="write down what there is on the host, to compare with later")
    compare = commands.add_parser("leftovers", help="compare the host with a snapshot")
    compare.add_argument("before", type=argparse.FileType(encoding="utf-8"), help="what `snapshot` printed")
    root = commands.add_parser("gitops-root", help="make a folder the root of a GitOps repository")
    root.add_argument("destination", type=Path, help="an empty or new folder, or a repository's work tree")
    root.add_argument("--repository", default="", help="URL at which Argo CD reads it (default: as before)")
    return parser


def _add_cluster(command: argparse.ArgumentParser) -> None:
    """Options for a cluster that is there; without a kubeconfig one is built."""
    group = command.add_argument_group("an existing cluster")
    _add_kubeconfig(group)
    group.add_argument("--image", default="", help="the platform's image at a registry that its nodes reach")
    group.add_argument("--host-address", default="", help="address of this host that its pods reach")
    group.add_argument("--pod-network", default="0.0.0.0/0", help="where its pods' connections come from")
    group.add_argument(
        "--gitops-repository", default="", help="URL that this host pushes to and Argo CD reads"
    )


def _add_kubeconfig(parser: argparse._ActionsContainer) -> None:
    given = os.environ.get("KUBECONFIG", "")
    parser.add_argument("--kubeconfig", default=given, help="of an existing cluster (default: KUBECONFIG)")


def _platform(options: argparse.Namespace) -> Platform:
    layout = Layout.here()
    if "kubeconfig" not in options:
        return Platform(layout, Options(cluster=existing_cluster.recorded(layout)))
    cluster = None
    if options.kubeconfig and Path(options.kubeconfig).resolve().is_relative_to(layout.local):
        cluster = existing_cluster.recorded(layout)
    elif options.kubeconfig:
        cluster = ExistingCluster(
            Path(options.kubeconfig),
            options.image,
            options.host_address,
            options.pod_network,
            options.gitops_repository,
        )
    return Platform(layout, Options(options.listener, cluster, options.external_secrets))


def _up(platform: Platform) -> dict[str, t.Any]:
    return {"changed": platform.up(), "addons": platform.addons()}


def _leftovers(options: argparse.Namespace) -> list[str]:
    left = differences(json.load(options.before), snapshot())
    if left:
        raise LocalPlatformError("The host is not as it was:\n- " + "\n- ".join(left))
    return left


def _gitops_root(options: argparse.Namespace) -> dict[str, t.Any]:
    return gitops_root.make(Layout.here().infra, options.destination, options.repository)


_COMMANDS: dict[str, t.Callable[[argparse.Namespace], t.Any]] = {
    "build": lambda options: {"changed": _platform(options).build()},
    "image": lambda options: {"changed": images.push(Layout.here(), options.name)},
    "up": lambda options: _up(_platform(options)),
    "down": lambda options: {"changed": _platform(options).down()},
    "gitops-root": _gitops_root,
    "wallet": lambda options: Chain(Layout.here()).register(options.keys),
    "status": lambda options: _platform(options).states(),
    "packages": lambda options: host.missing_packages(own_cluster=not options.kubeconfig),
    "snapshot": lambda options: snapshot(),
    "leftovers": _leftovers,
}


if __name__ == "__main__":
    sys.exit(main())
