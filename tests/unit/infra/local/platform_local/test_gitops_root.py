# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The root of a GitOps repository: made and renewed by one command that leaves the operator's part alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from platform_local import __main__ as command_line
from platform_local import gitops_root
from platform_local.errors import LocalPlatformError
from platform_local.gitops import GitOps
from platform_local.options import Options
from platform_local.paths import Layout

INFRA = Layout.here().infra
URL = "https://git.example.org/fleet/gitops.git"


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Operator")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "operator@example.org")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository as the command made it."""
    root = tmp_path / "gitops"
    gitops_root.make(INFRA, root, URL)
    return root


def commit(root: Path, **files: str | None) -> None:
    """Change files as the operator does; None removes one."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_yaml", ".yaml").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    gitops_root.commit(root)


def test_the_workflows_are_where_github_looks(root: Path) -> None:
    assert (root / ".github" / "workflows" / "deploy-bot.yml").is_file()
    tracked = gitops_root.git("ls-files", "--stage", directory=root)
    scripts = [line for line in tracked.splitlines() if ".github/scripts/" in line]
    assert scripts
    assert all(line.startswith("100755") for line in scripts)


def test_the_recipe_of_the_image_and_its_strategies_come_along(root: Path) -> None:
    assert (root / "image" / "Dockerfile").is_file()
    assert json.loads((root / "catalogue.json").read_text())["strategies"]
    assert not list(root.rglob("__pycache__"))


def test_argo_cd_is_told_of_this_repository_alone(root: Path) -> None:
    text = (root / "argocd-application.yaml").read_text()
    assert "example.invalid" not in text
    projects = [item for item in yaml.safe_load_all(text) if item["kind"] == "AppProject"]
    assert [item["spec"]["sourceRepos"] for item in projects] == [[URL]]


def test_no_client_of_the_template_comes_along(root: Path) -> None:
    assert [path.name for path in (root / "clientes").iterdir()] == [".gitkeep"]


def test_a_second_run_changes_nothing(root: Path) -> None:
    first = gitops_root.git("rev-parse", "HEAD", directory=root).strip()
    assert gitops_root.make(INFRA, root, "") == {"changed": False, "commit": first, "repository": URL}


def test_the_template_is_renewed_and_what_it_no_longer_has_goes(root: Path) -> None:
    commit(
        root,
        charts__freqtrade__values_yaml="old: true\n",
        charts__gone__Chart_yaml="old: true\n",
        image__old_py="",
    )
    assert gitops_root.make(INFRA, root, "")["changed"]
    for name in ("charts/freqtrade/values.yaml", "image/Dockerfile"):
        assert (root / name).read_bytes() == (INFRA / name).read_bytes()
    assert not (root / "charts" / "gone").exists()
    assert not (root / "image" / "old.py").exists()


def test_the_operators_part_and_every_client_stay(root: Path) -> None:
    environment = (root / "environment.yaml").read_text().replace("10.0.0.0/16", "10.9.0.0/16")
    own = {
        "environment_yaml": environment,
        "image__catalogue__Own_py": "class Own: ...\n",
        "catalogue.json": '{"strategies": {"Own": "Own.py"}}\n',
        "clientes__cliente-001__values_yaml": "replicas: 0\n",
        "clientes__cliente-002__backtest_yaml": "job: 1\n",
        ".github__workflows__own_yaml": "name: own\n",
        "clientes__.gitkeep": None,
    }
    commit(root, **own, charts__freqtrade__values_yaml="old: true\n")
    before = gitops_root.git("rev-parse", "HEAD", directory=root).strip()
    gitops_root.make(INFRA, root, "")
    changed = gitops_root.git("diff", "--name-only", before, "HEAD", directory=root).split()
    assert changed == ["charts/freqtrade/values.yaml"]


def test_an_environment_that_leaves_something_to_the_clients_is_refused(root: Path) -> None:
    environment = yaml.safe_load((root / "environment.yaml").read_text())
    del environment["quota"], environment["probe"]["stuckSeconds"]
    commit(root, environment_yaml=yaml.safe_dump(environment))
    with pytest.raises(
        LocalPlatformError, match=r"lacks quota, probe\.stuckSeconds: a client's file could set it"
    ):
        gitops_root.make(INFRA, root, "")


def test_changes_that_are_not_committed_are_not_swept_up(root: Path) -> None:
    (root / "environment.yaml").write_text("changed\n")
    with pytest.raises(LocalPlatformError, match=r"not committed:\n M environment\.yaml"):
        gitops_root.make(INFRA, root, "")


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(LocalPlatformError, match="neither empty nor the top of a Git repository"):
        gitops_root.make(INFRA, tmp_path, URL)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_new_root_needs_the_repositorys_url(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError, match="No URL is given"):
        gitops_root.make(INFRA, tmp_path / "new", "")
    assert not (tmp_path / "new").exists()


def test_the_command_line_makes_a_root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["gitops-root", str(tmp_path / "new"), "--repository", URL]
    assert command_line.main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["changed"]
    assert command_line.main(arguments[:2]) == 0
    assert not json.loads(capsys.readouterr().out)["changed"]


def test_the_local_platform_gets_what_an_operator_gets(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path)
    (tmp_path / "infra").symlink_to(INFRA)
    layout.local.mkdir(parents=True)
    monkeypatch.setattr("platform_local.gitops.shutil.chown", lambda *_, **__: None)
    assert GitOps(layout, Options()).publish("localhost/freqtrade-platform:1")
    assert not GitOps(layout, Options()).publish("localhost/freqtrade-platform:1")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", layout.gitops, clone], check=True)
    differing = {str(path.relative_to(root)) for path in root.rglob("*") if _differs(path, clone, root)}
    assert differing == {"environment.yaml", "catalogue.json", "argocd-application.yaml"}
    gitops_root.require_whole_environment(INFRA, clone)


def _differs(path: Path, clone: Path, root: Path) -> bool:
    name = path.relative_to(root)
    if ".git" in name.parts or not path.is_file():
        return False
    return not (clone / name).exists() or (clone / name).read_bytes() != path.read_bytes()
