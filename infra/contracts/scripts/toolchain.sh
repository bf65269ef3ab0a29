#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs forge, anvil, the compiler and OpenZeppelin into the user's cache, once per lock file, and links them
# into this project. Prints the folder of the programs; everything else goes to standard error.
set -eu
project="$(cd "$(dirname "$0")/.." && pwd)"
lock="$(cat "$project/package-lock.json" "$project/.npmrc" | sha256sum | cut -c 1-16)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/bot_freqtrade"
home="$cache/contracts-$lock"

if [ ! -d "$home" ]; then
    mkdir -p "$cache"
    echo "Installing forge, anvil, solc and OpenZeppelin from npm into $home (about 140 MB)" >&2
    fresh="$(mktemp -d "$cache/contracts-fresh-XXXXXX")"
    trap 'rm -rf "$fresh"' EXIT
    trap 'exit 1' INT TERM
    cp "$project/package.json" "$project/package-lock.json" "$project/.npmrc" "$fresh/"
    (cd "$fresh" && npm ci --loglevel error) >&2
    # Whoever comes second of two at once finds the folder there and leaves its own to the trap.
    mv -T "$fresh" "$home" 2>/dev/null || [ -d "$home" ]
fi
# mktemp made it the user's alone; the local platform runs anvil as another.
chmod 755 "$home"
[ "$(readlink "$project/node_modules" || true)" = "$home/node_modules" ] ||
    ln -sfn "$home/node_modules" "$project/node_modules"
echo "$home/node_modules/.bin"
