#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# usage: write-artifact.sh [file]
# Compiles BotPlatform from nothing and writes its ABI and bytecode, by default to artifacts/BotPlatform.json.
set -eu
project="$(cd "$(dirname "$0")/.." && pwd)"
file="$(realpath "${1:-$project/artifacts/BotPlatform.json}")"
cd "$project"
PATH="$(scripts/toolchain.sh):$PATH"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
forge build --quiet --out "$folder/out" --cache-path "$folder/cache" src/BotPlatform.sol
node -e '
const fs = require("fs");
const {abi, bytecode} = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
fs.writeFileSync(process.argv[2], JSON.stringify({abi, bytecode: bytecode.object}, null, 1) + "\n");
' "$folder/out/BotPlatform.sol/BotPlatform.json" "$file"
