#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Check the Terraform configurations without AWS: terraform.sh TFLINT CHECKOV
set -euo pipefail
tflint=$1 checkov=$2
cd "$(git rev-parse --show-toplevel)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TF_CLI_CONFIG_FILE=$(python -m tests.support.terraform "$work/cli.tfrc")
export TF_CLI_CONFIG_FILE TF_IN_AUTOMATION=1
# a copy: init writes beside what it reads, and no file of a user's own may decide the tests
git ls-files -z --cached --others --exclude-standard infra/terraform | xargs -0 cp --parents -t "$work"
cd "$work/infra/terraform"
terraform fmt -check -recursive
for root in state .; do
  terraform -chdir="$root" init -backend=false -input=false -lockfile=readonly -no-color >/dev/null
  terraform -chdir="$root" validate -no-color
  terraform -chdir="$root" test -no-color | tee "$work/log"
  grep -q '^Success! [1-9]' "$work/log"
done
for example in examples/*.tfvars; do
  terraform test -no-color -test-directory=examples -var-file="$example" | tee "$work/log"
  grep -q '^Success! [1-9]' "$work/log"
done
"$tflint" --recursive --config="$PWD/.tflint.hcl"
"$checkov" --framework terraform --directory . --compact --quiet --skip-download
