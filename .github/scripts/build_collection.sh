#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the collection that a tag names, and nothing else: build_collection.sh TAG DIRECTORY
# The tag, galaxy.yml and the changelog must tell the same version, and no change may be left out of the changelog.
set -euo pipefail
tag=$1 directory=$2
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

refuse() { echo "build_collection.sh: $*" >&2; exit 1; }
version=$(sed -n 's/^version: *//p' galaxy.yml)
[ "v$version" = "$tag" ] || refuse "the tag is $tag, and galaxy.yml has version $version"
grep -qE "^  ${version//./\\.}:" changelogs/changelog.yaml || refuse "changelogs/changelog.yaml does not tell of $version"
left=$(find changelogs/fragments -name '*.yml' -o -name '*.yaml')
[ -z "$left" ] || refuse "fragments are not in the changelog yet: $left"

ansible-galaxy collection build --output-path "$directory" --force
(cd "$directory" && sha256sum -- *.tar.gz)
