# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._gitops import GitRepository, read_root
from ansible_collections.bot_freqtrade.platform.tests.support.gitops import INFRA, Origin

PATH = "argocd-application.yaml"
PLACEHOLDER = "https://git.example.invalid/bot-freqtrade/gitops.git"
TEMPLATE = (INFRA / PATH).read_text()
SET = (
    "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: clientes, namespace: argocd}\n"
)


def read(origin: Origin, directory: pathlib.Path, namespace: str = "argocd") -> list[dict[str, t.Any]]:
    with GitRepository(origin.url, cache_dir=str(directory / "cache")).snapshot() as snapshot:
        return read_root(snapshot, namespace)


def test_the_template_with_a_repository_in_it_is_understood(origin: Origin, tmp_path: pathlib.Path) -> None:
    origin.commit(PATH, TEMPLATE.replace(PLACEHOLDER, "ssh://git@git.example.com/gitops.git"))
    assert [each["kind"] for each in read(origin, tmp_path)] == ["AppProject", "ApplicationSet"]


def test_projects_come_before_what_is_in_them(origin: Origin, tmp_path: pathlib.Path) -> None:
    origin.commit(PATH, SET + "---\n" + SET.replace("ApplicationSet", "AppProject"))
    assert [each["kind"] for each in read(origin, tmp_path)] == ["AppProject", "ApplicationSet"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (TEMPLATE, "template's repository"),
        ("{", "no list of Kubernetes objects"),
        ("- 1\n", "no list of Kubernetes objects"),
        ("kind: AppProject\n", "no list of Kubernetes objects"),
        ("---\n", "no objects"),
        (SET.replace("ApplicationSet", "ClusterRole"), "a ClusterRole"),
        (SET.replace("argoproj.io/v1alpha1", "v1").replace("ApplicationSet", "Application"), "of v1"),
        (SET.replace("namespace: argocd", "namespace: kube-system"), "in kube-system"),
        (SET.replace("namespace: argocd", "x: y"), "in None"),
        (SET + "---\n" + SET.replace("ApplicationSet", "Secret"), "a Secret"),
    ],
)
def test_anything_else_is_refused(origin: Origin, tmp_path: pathlib.Path, text: str, why: str) -> None:
    origin.commit(PATH, text)
    with pytest.raises(PlatformError, match=why) as caught:
        read(origin, tmp_path)
    assert caught.value.code == "usage"


def test_a_repository_without_the_file_is_refused(origin: Origin, tmp_path: pathlib.Path) -> None:
    with pytest.raises(PlatformError, match="no GitOps repository of the platform") as caught:
        read(origin, tmp_path)
    assert caught.value.code == "usage"
