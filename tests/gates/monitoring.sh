#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Check the monitoring chart, the rules that it renders, and what they tell and do not tell.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
helm lint --quiet --strict infra/charts/monitoring
python -m tests.support.monitoring > "$folder/rules.yaml"
promtool check rules --lint-fatal "$folder/rules.yaml"
cp tests/monitoring/*.yml "$folder"
promtool test rules "$folder"/*.yml
