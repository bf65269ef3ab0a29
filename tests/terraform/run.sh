#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Apply and destroy against a stand-in of AWS; side by side, because most of the time Terraform only waits.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
pytest -q tests/terraform/test_state_bucket.py &
bucket=$!
trap 'kill "$bucket" 2>/dev/null && wait "$bucket"' EXIT
pytest -q tests/terraform --ignore=tests/terraform/test_state_bucket.py
wait "$bucket"
