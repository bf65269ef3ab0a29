# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Command line of the platform's own side: create a key, export the schema of commands."""

from __future__ import annotations

import argparse
import hashlib
import json
import pathlib
import sys
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._keys import (
    DEFAULT_SUITE,
    KeyStore,
    Suite,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._schema import (
    COMMAND_SCHEMA,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

PROGRAM: t.Final = "python -m ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._cli"


def export_schema() -> str:
    """Return the JSON Schema of a command as the text of ``docs/schemas/command.schema.json``."""
    return json.dumps(COMMAND_SCHEMA, indent=2) + "\n"


def keygen(directory: pathlib.Path, suite: int) -> str:
    """Create ``<key id>.key`` and ``<key id>.pub`` (hex); return the public part as JSON."""
    key = KeyStore(directory).generate(suite)
    public_file = directory / f"{key.key_id.hex()}.pub"
    public_file.write_text(key.public_key.hex() + "\n", encoding="ascii")
    public = {
        "suite": int(key.suite),
        "key_id": "0x" + key.key_id.hex(),
        "public_key": "0x" + key.public_key.hex(),
        "fingerprint": hashlib.sha256(key.public_key).hexdigest(),
        "public_key_file": str(public_file),
    }
    return json.dumps(public, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Run one sub-command; 0 on success, 2 on an expected failure."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="write the JSON Schema of a command")
    export.add_argument("file", nargs="?", type=pathlib.Path, help="where to write it (standard output)")
    create = commands.add_parser(
        "keygen", help="create a key of the platform: <key id>.key (mode 0600) and <key id>.pub"
    )
    create.add_argument("directory", type=pathlib.Path, help="key directory; created 0700 when absent")
    create.add_argument(
        "--suite",
        type=int,
        choices=[int(suite) for suite in Suite],
        default=int(DEFAULT_SUITE),
        help="1 = X25519, 2 = MLKEM768-X25519 (default)",
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "keygen":
            sys.stdout.write(keygen(options.directory, options.suite))
        elif options.file is None:
            sys.stdout.write(export_schema())
        else:
            options.file.write_text(export_schema(), encoding="utf-8")
    except PlatformError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
