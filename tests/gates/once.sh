#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a gate unless it has passed before on this machine with the same contents.
# usage: once.sh NAME PATH... -- COMMAND...      AGAIN=1 runs it all the same
# A gate whose result depends on anything but the files of its paths does not belong here.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }
name=$1
shift
paths=()
while [ "$1" != -- ]; do
  [ -e "$1" ] || { echo "once.sh: $1 is not there" >&2; exit 2; }
  paths+=("$1")
  shift
done
shift

# The path of python names the environment, and so the versions of the tools in it.
contents=$(git ls-files --cached --others --exclude-standard -z -- "${paths[@]}" | sort -z | xargs -0 sha256sum --)
key=$(printf '%s\n' "$*" "$(command -v python)" "$contents" | sha256sum | cut -c1-24)
passed=${XDG_CACHE_HOME:-$HOME/.cache}/bot_freqtrade/passed/$name-$key
if [ -e "$passed" ] && [ -z "${AGAIN:-}" ]; then
  echo "$name: passed on this machine with these contents at $(<"$passed")"
  exit 0
fi
"$@"
mkdir -p "$(dirname "$passed")"
date -u +%FT%TZ >"$passed"
