#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run ansible-test sanity on the built and installed collection.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# outside the checkout: ansible-test asks git there what to test, and build/ is ignored
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
"$here/stage.sh" "$stage"
# ansible-test downloads this bootstrap otherwise; Python brings the same thing with it
cache=$HOME/.ansible/test/cache
mkdir -p "$cache"
for version in 24_2 25_2; do
  printf 'import ensurepip; ensurepip.bootstrap(upgrade=True, default_pip=True)\n' > "$cache/get_pip_$version.py"
done
cd "$stage/ansible_collections/bot_freqtrade/platform"
ansible-test sanity --local --requirements --python 3.11 --color no "$@" 2>&1 | tee "$stage/log"
! grep -q 'All targets skipped' "$stage/log"
