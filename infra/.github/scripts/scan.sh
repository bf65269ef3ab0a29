#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Refuse an image with known vulnerabilities that have a fix: scan.sh SBOM REPORT SEVERITY
# SEVERITY (negligible, low, medium, high, critical) and what is worse refuse it; REPORT gets all that was found.
set -euo pipefail
sbom=$1 report=$2 severity=$3

grype "sbom:$sbom" --only-fixed --fail-on "$severity" --output table --output "json=$report"
