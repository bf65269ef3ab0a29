#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Publish the one collection in a directory and wait for Galaxy's import: publish_collection.sh DIRECTORY
# The token comes in GALAXY_TOKEN, and goes on in a file: arguments are seen by other processes.
set -euo pipefail
directory=$1

token=$(mktemp)
trap 'rm -f "$token"' EXIT
printf 'token: %s\n' "${GALAXY_TOKEN:?is not set}" >"$token"
unset GALAXY_TOKEN
found=("$directory"/*.tar.gz)
[ "${#found[@]}" -eq 1 ] && [ -f "${found[0]}" ] || { echo "publish_collection.sh: one archive is wanted in $directory" >&2; exit 1; }
ANSIBLE_GALAXY_TOKEN_PATH=$token ansible-galaxy collection publish "${found[0]}"
