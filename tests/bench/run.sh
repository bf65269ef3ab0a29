#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# All benchmarks; the pipeline's needs the local platform and starts it if it does not run.
# usage: tests/bench/run.sh [RUNS]   (make bench)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export PYTHONPATH="$PWD/infra/local:${PYTHONPATH:-}"
mkdir -p build/bench
python tests/bench/bench_bot_values.py build/bench/bot_values.json

if ! python -m platform_local status | grep -q RUNNING; then
  trap 'ansible-playbook bot_freqtrade.platform.local_down' EXIT
  python -m platform_local build
  ansible-playbook bot_freqtrade.platform.local_up
fi
python -m tests.bench.bench_pipeline --runs "${1:-10}"
python -m tests.bench.page
