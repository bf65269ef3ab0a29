#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Check the documentation of modules, plugins and roles.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)/build/dev/ansible_collections/bot_freqtrade/platform"
antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck --validate-collection-refs self .
