#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Check the workflows of this repository and of the GitOps template, and their scripts: workflows.sh VENV
# VENV holds what workflows-requirements.txt names; actionlint is built from its pinned Go module.
set -euo pipefail
programs=$(cd "$1/bin" && pwd)
cd "$(git rev-parse --show-toplevel)"
actionlint=$(tests/delivery/tools/build.sh actionlint)/actionlint
workflows=(.github/workflows/*.yml infra/.github/workflows/*.yml)
"$programs/shellcheck" .github/scripts/*.sh infra/.github/scripts/*.sh tests/delivery/tools/build.sh
"$actionlint" -shellcheck "$programs/shellcheck" "${workflows[@]}"
"$programs/zizmor" --offline --no-progress --quiet --persona=pedantic "${workflows[@]}"
yamllint --strict "${workflows[@]}"
