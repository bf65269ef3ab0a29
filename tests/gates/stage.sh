#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the collection and install it where the gates can test what users get: stage.sh DIRECTORY
set -euo pipefail
target=$1
root=$(git rev-parse --show-toplevel)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ansible-galaxy collection build "$root" --output-path "$work" --force >/dev/null
rm -rf "$target/ansible_collections/bot_freqtrade"
ansible-galaxy collection install "$work"/*.tar.gz -p "$target" --offline --no-deps --force >/dev/null
cp "$work"/*.tar.gz "$target/"
