# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Translate a missing third-party library into the collection's error."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)


@contextlib.contextmanager
def libraries() -> t.Iterator[None]:
    """Guard imports: raise ``library_missing`` naming the module that could not be imported."""
    try:
        yield
    except ImportError as error:
        raise PlatformError(
            "library_missing",
            f"The Python library {error.name} is missing or too old: see the collection's requirements.txt",
        ) from None


__all__ = ("libraries",)
