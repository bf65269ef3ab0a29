#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sign an image and what it consists of, and see that the signatures hold: sign.sh IMAGE@DIGEST SBOM
# Without further settings the signer is this workflow (SIGNER: its identity), by a certificate of Sigstore, and the
# signature is public in Sigstore's log. COSIGN_KEY (a file, or a KMS' URI) signs with a key of one's own instead, and
# COSIGN_SIGNING_CONFIG names the services to use.
set -euo pipefail
image=$1 sbom=$2

case $image in
  *@sha256:*) ;;
  *) echo "sign.sh: $image names no digest: a tag could name another image tomorrow" >&2; exit 1 ;;
esac
sign=(--yes)
[ -z "${COSIGN_SIGNING_CONFIG:-}" ] || sign+=(--signing-config "$COSIGN_SIGNING_CONFIG")
if [ -n "${COSIGN_KEY:-}" ]; then
  sign+=(--key "$COSIGN_KEY")
  verify=(--key "${COSIGN_PUBLIC_KEY:-$COSIGN_KEY}")
  [ -z "${COSIGN_SIGNING_CONFIG:-}" ] || verify+=(--insecure-ignore-tlog=true)
else
  verify=(--certificate-identity "$SIGNER" --certificate-oidc-issuer https://token.actions.githubusercontent.com)
fi

cosign sign "${sign[@]}" "$image"
cosign attest "${sign[@]}" --type spdxjson --predicate "$sbom" "$image"
cosign verify "${verify[@]}" "$image" >/dev/null
cosign verify-attestation "${verify[@]}" --type spdxjson "$image" >/dev/null
