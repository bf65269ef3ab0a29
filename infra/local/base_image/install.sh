#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Install packages by uv from where a Python's pip is configured to look: install.sh UV PYTHON OPTION...
set -euo pipefail
uv=$1 python=$2
shift 2
# A setting of the environment comes before those of files, and uv's own before both.
while IFS='=' read -r setting value; do
  value=${value//\'/}
  value=${value//\\n/ }
  case ${setting##*.} in
    index-url) export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$value} ;;
    extra-index-url) export UV_INDEX=${UV_INDEX:-$value} ;;
    find-links) export UV_FIND_LINKS=${UV_FIND_LINKS:-$value} ;;
    cert) export SSL_CERT_FILE=${SSL_CERT_FILE:-$value} ;;
    trusted-host) export UV_INSECURE_HOST=${UV_INSECURE_HOST:-$value} ;;
    timeout | default-timeout) export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-$value} ;;
  esac
done < <("$python" -m pip config list)
exec "$uv" pip install --quiet --python "$python" "$@"
