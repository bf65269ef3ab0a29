# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""Whether the API server of Kubernetes would take a manifest.

As a program it names what is wrong in files: ``python -m tests.support.manifests FILE...``.
"""

from __future__ import annotations

import functools
import importlib
import sys
import typing as t
from pathlib import Path

import yaml

VERSION: t.Final = "1.34"
PACKAGES: t.Final = f"{sys.prefix}/manifests"
"""Apart from all others: the library ``kubernetes`` would import them in each module that a test runs."""


def fault(manifest: dict[str, t.Any], strict: bool = True) -> str | None:
    """What the schemas of Kubernetes say against a manifest; None when they say nothing.

    :param strict: a property that they do not name is a fault.
    """
    library = _library()
    try:
        library.validate(manifest, VERSION, strict=strict)
    except library.ValidationError as error:
        return str(error.message)
    except library.SchemaNotFoundError:
        return f"Kubernetes {VERSION} does not know {manifest['apiVersion']}"
    return None


@functools.cache
def _library() -> t.Any:
    sys.path.append(PACKAGES)
    return importlib.import_module("kubernetes_validate")


def main(files: list[str]) -> int:
    faults = [
        f"{file}: {manifest['kind']} {manifest['metadata']['name']}: {found}"
        for file in files
        for manifest in yaml.safe_load_all(Path(file).read_text(encoding="utf-8"))
        if manifest and (found := fault(manifest))
    ]
    for each in faults:
        print(each, file=sys.stderr)
    return 1 if faults or not files else 0


__all__ = ("VERSION", "fault")

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
