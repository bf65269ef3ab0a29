#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Check the charts, what they render, and the image's recipe: chart.sh CHECKOV
set -euo pipefail
checkov=$1
cd "$(git rev-parse --show-toplevel)/infra"
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT
helm lint --quiet charts/freqtrade
helm lint --quiet charts/project --set repository=https://git.example/gitops.git
for values in clientes/*/values.yaml; do
  client=$(basename "$(dirname "$values")")
  helm template "$client" charts/freqtrade --namespace "$client" -f "$values" -f environment.yaml \
    --set "image.digest=sha256:$(printf image | sha256sum | cut -d" " -f1)" > "$rendered/$client.yaml"
done
helm lint --quiet charts/listener -f charts/listener/ci/values.yaml
helm template listener charts/listener --namespace platform -f charts/listener/ci/values.yaml \
  --set "image.digest=sha256:$(printf image | sha256sum | cut -d" " -f1)" > "$rendered/listener.yaml"
python -m tests.support.manifests "$rendered"/*.yaml
"$checkov" --framework kubernetes --directory "$rendered" --compact --quiet --config-file ../tests/gates/checkov.yaml
hadolint image/Dockerfile ../listener/Dockerfile
