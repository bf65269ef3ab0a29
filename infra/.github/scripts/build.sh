#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the image of all bots into an OCI archive: build.sh CONTEXT BASE_IMAGE ARCHIVE
# The base is taken by the digest that its name has now, and the labels of the image say which one that was.
set -euo pipefail
context=$1 base=$2 archive=$3

name=${base%%@*}
case ${name##*/} in *:*) name=${name%:*} ;; esac
digest=$(skopeo inspect --format '{{.Digest}}' "docker://$base")
revision=$(git rev-parse HEAD)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "Building $context of commit $revision from $name@$digest"
buildah bud --iidfile "$work/image" \
  --build-arg "BASE_IMAGE=$name@$digest" \
  --label "org.opencontainers.image.revision=$revision" \
  --label "org.opencontainers.image.base.name=$base" \
  --label "org.opencontainers.image.base.digest=$digest" \
  "$context"
rm -f "$archive"
buildah push "$(cat "$work/image")" "oci-archive:$archive"
