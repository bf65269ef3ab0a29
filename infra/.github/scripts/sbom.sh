#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Write down what an image consists of, as SPDX: sbom.sh ARCHIVE SBOM
set -euo pipefail
archive=$1 sbom=$2

syft scan "oci-archive:$archive" --quiet --output "spdx-json=$sbom"
# The first package is the image itself.
packages=$(jq '.packages | length - 1' "$sbom")
if [ "$packages" -lt 1 ]; then
  echo "sbom.sh: $sbom lists no package: nothing could be scanned or told by it" >&2
  exit 1
fi
echo "$packages packages"
