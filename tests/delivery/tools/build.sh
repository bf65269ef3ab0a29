#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Build tools of the delivery from the pinned Go modules, each once, and print their folder: build.sh NAME…
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=${XDG_CACHE_HOME:-$HOME/.cache}/bot_freqtrade/delivery-tools-$(cat go.mod go.sum | sha256sum | cut -c1-16)
mkdir -p "$folder"
for name in "$@"; do
  [ ! -x "$folder/$name" ] || continue
  package=$(sed -n "s|^\t\(.*/cmd/$name\)\$|\1|p" go.mod)
  echo "Building $name from ${package:?is no tool of go.mod}, once: up to 4 minutes" >&2
  # Not optimised, which saves a third of the compiling: they run for seconds.
  CGO_ENABLED=0 GOFLAGS="" GOGC=off GOMEMLIMIT=2GiB go build -mod=readonly -trimpath -gcflags 'all=-N -l -dwarf=false' -ldflags '-s -w' \
    -o "$folder/.$name" "$package"
  mv "$folder/.$name" "$folder/$name"
done
echo "$folder"
