#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole platform: started, told the story, hurt, taken down; nothing may be left.
# usage: tests/e2e/run.sh [what to test]   (make e2e)
# Faults take more than half an hour. Those that passed on this machine with the same contents are not repeated; AGAIN=1 does.
# UP_OPTIONS are options of the playbook local_up, such as -e local_platform_external_secrets=true.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

logs=build/local-logs
snapshot=$(mktemp)
told=$(mktemp)
story=
platform() { PYTHONPATH="$PWD/infra/local:${PYTHONPATH:-}" python -m platform_local "$@"; }
say() { printf '[%s] e2e: %s\n' "$(date +%T)" "$*"; }

finish() {
  local status=$?
  trap - EXIT
  trap '' INT # neither the taking down nor the search is given up
  [ -z "$story" ] || kill "$story" 2>/dev/null || true
  if [ "$status" -ne 0 ] && [ -d "$logs" ]; then
    for name in listener-watch listener-dispatch listener-send listener-api listener-monitor kubelet postgres anvil supervisord; do
      [ ! -s "$logs/$name.log" ] || { echo "--- the end of $logs/$name.log"; tail -n 20 "$logs/$name.log" | cut -c -600; }
    done
  fi
  say "taking the platform down"
  ansible-playbook bot_freqtrade.platform.local_down || status=1
  say "looking for what is left on the host"
  platform leftovers "$snapshot" || status=1
  rm -f "$snapshot" "$told"
  say "$([ "$status" -eq 0 ] && echo passed || echo FAILED)"
  exit "$status"
}

if [ -n "$(platform status | grep -o RUNNING || true)" ]; then
  say "a platform runs already: take it down first (make demo-down)"
  exit 1
fi
platform snapshot >"$snapshot"
trap finish EXIT
trap 'exit 130' INT # while it waits for the story, too

say "building what is not in the cache"
platform build
say "starting the platform"
# shellcheck disable=SC2086  # several words on purpose
ansible-playbook bot_freqtrade.platform.local_up ${UP_OPTIONS:-}
say "the story, the operator's way, modules on the cluster, faults, then the search for secrets in all that is left of them"
if [ $# -gt 0 ]; then
  pytest -v --durations=15 "$@"
  exit
fi
# The story mostly waits for its bots; the others have clients of their own.
pytest -v tests/e2e/test_story.py >"$told" 2>&1 &
story=$!
status=0
pytest -v --durations=15 tests/e2e/test_operator.py tests/e2e/test_access.py tests/e2e/test_malicious_values.py \
  tests/e2e/test_monitoring.py tests/cluster || status=$?
wait "$story" || status=$?
story=
cat "$told"
[ "$status" -eq 0 ]
mapfile -t files < <(find tests/e2e/faults -name 'test_*.py' | sort)
mapfile -t helpers < <(find tests/e2e -maxdepth 1 -type f ! -name 'test_*' | sort)
product=(galaxy.yml meta plugins roles playbooks listener infra constraints.txt requirements.txt tests/conftest.py
  tests/support tests/e2e/faults "${helpers[@]}")
for faults in "${files[@]}"; do
  say "$faults"
  tests/gates/once.sh "$(basename "$faults" .py)" "${product[@]}" -- pytest -v --durations=5 "$faults"
done
say "the search for secrets"
pytest -v tests/e2e/test_canary.py
say "the platform itself: it comes and goes"
pytest -v tests/e2e/test_local_platform.py
