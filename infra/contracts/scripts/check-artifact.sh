#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fails when artifacts/BotPlatform.json is not what the source compiles to.
set -eu
cd "$(dirname "$0")/.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
scripts/write-artifact.sh "$folder/compiled.json"
if ! cmp -s artifacts/BotPlatform.json "$folder/compiled.json"; then
    echo "artifacts/BotPlatform.json is not what src/BotPlatform.sol compiles to; run scripts/build.sh" >&2
    diff -u artifacts/BotPlatform.json "$folder/compiled.json" | cut -c 1-160 >&2 || true
    exit 1
fi
