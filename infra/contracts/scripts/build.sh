#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Checks the format, runs the tests and writes the artifact that everything else deploys.
set -eu
cd "$(dirname "$0")/.."
PATH="$(scripts/toolchain.sh):$PATH"
forge fmt --check
forge test
scripts/write-artifact.sh
