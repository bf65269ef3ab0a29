# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""What uv is told of the places where pip is configured to look."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[4] / "infra" / "local" / "base_image" / "install.sh"
UV = f"""#!{sys.executable}
import json, os, sys
print(json.dumps([sys.argv[1:], dict(os.environ)]))
"""


@pytest.fixture
def install(tmp_path):
    """Runs the script with a uv that tells what it was given, and a Python whose pip has these settings."""
    uv, python = tmp_path / "uv", tmp_path / "python"
    uv.write_text(UV)
    uv.chmod(0o755)

    def run(*settings, **environment):
        (tmp_path / "settings").write_text("".join(f"{setting}\n" for setting in settings))
        python.write_text(f'#!/bin/sh\n[ "$*" = "-m pip config list" ] && cat "{tmp_path}/settings"\n')
        python.chmod(0o755)
        done = subprocess.run(
            [PROGRAM, uv, python, "-r", "list.txt"],
            check=True, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **environment},
        )  # fmt: skip
        arguments, given = json.loads(done.stdout)
        assert arguments == ["pip", "install", "--quiet", "--python", str(python), "-r", "list.txt"]
        return {name: value for name, value in given.items() if name.startswith(("UV_", "SSL_"))}

    return run


def test_without_settings_uv_looks_where_it_does_by_itself(install):
    assert install() == {}


def test_each_setting_of_pip_has_its_name_for_uv(install):
    given = install(
        "global.cert='/ca.pem'",
        "global.extra-index-url='\\nhttps://a.invalid/simple?x=1\\nhttps://b.invalid/simple'",
        "global.find-links='/wheels'",
        "global.index-url='https://c.invalid/simple'",
        "global.trusted-host='c.invalid'",
        "install.timeout='7'",
        "global.no-color='true'",
    )
    assert given == {
        "SSL_CERT_FILE": "/ca.pem",
        "UV_INDEX": " https://a.invalid/simple?x=1 https://b.invalid/simple",
        "UV_FIND_LINKS": "/wheels",
        "UV_DEFAULT_INDEX": "https://c.invalid/simple",
        "UV_INSECURE_HOST": "c.invalid",
        "UV_HTTP_TIMEOUT": "7",
    }


def test_the_environment_comes_before_files_and_uvs_own_before_both(install):
    files = ("global.index-url='https://file.invalid'", "global.default-timeout='5'")
    mine = ":env:.index-url='https://mine.invalid'"
    assert install(mine, *files) == {"UV_DEFAULT_INDEX": "https://mine.invalid", "UV_HTTP_TIMEOUT": "5"}
    own = install(mine, *files, UV_DEFAULT_INDEX="https://own.invalid", UV_HTTP_TIMEOUT="1")
    assert own == {"UV_DEFAULT_INDEX": "https://own.invalid", "UV_HTTP_TIMEOUT": "1"}
