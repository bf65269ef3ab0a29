#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Push the very image that was scanned, once: push.sh ARCHIVE REPOSITORY TAG
# The digest goes to standard output and, in a workflow, to the output "digest" of its step.
set -euo pipefail
archive=$1 repository=$2 tag=$3

digest=$(skopeo inspect --format '{{.Digest}}' "oci-archive:$archive")
there=$(skopeo inspect --format '{{.Digest}}' "docker://$repository:$tag" 2>/dev/null || true)
case $there in
  "$digest") echo "$repository:$tag is there already" >&2 ;;
  "") skopeo copy --preserve-digests "oci-archive:$archive" "docker://$repository:$tag" >&2 ;;
  *)
    echo "push.sh: $repository:$tag is another image ($there); a tag never moves" >&2
    exit 1
    ;;
esac
echo "$digest"
[ -z "${GITHUB_OUTPUT:-}" ] || echo "digest=$digest" >>"$GITHUB_OUTPUT"
