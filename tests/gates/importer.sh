#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run galaxy-importer on the built collection: importer.sh PYTHON
set -euo pipefail
python=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ansible-galaxy collection build "$(git rev-parse --show-toplevel)" --output-path "$work" --force >/dev/null
cd "$work"
PATH="$(dirname "$python"):$PATH" "$python" -m galaxy_importer.main ./*.tar.gz 2>&1 | tee log
# it ends with 0 when it only complains, so what it says is what counts
! grep -E '(^|: )(ERROR|WARNING)|Error' log
