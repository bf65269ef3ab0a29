# SPDX-License-Identifier: GPL-3.0-or-later
"""Opaque, signed places in a list."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import typing as t

from .problems import Problem

_TAG: t.Final = 16
_PLACE: t.Final = 8


class Cursors:
    """Makes and reads cursors.

    :param secret: what all processes of the API share; the key of the signatures is derived from it.
    """

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"cursor\0" + secret.encode()).digest()

    def make(self, place: int) -> str:
        """Return the cursor of a place in the list, 0 or more."""
        raw = place.to_bytes(_PLACE, "big")
        return base64.urlsafe_b64encode(raw + self._tag(raw)).decode("ascii")

    def read(self, cursor: str) -> int:
        """Return the place of a cursor.

        :raises Problem: ``bad_cursor``; it was not made here.
        """
        try:
            raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise Problem("bad_cursor") from None
        place, tag = raw[:_PLACE], raw[_PLACE:]
        if not hmac.compare_digest(tag, self._tag(place)):
            raise Problem("bad_cursor")
        return int.from_bytes(place, "big")

    def _tag(self, raw: bytes) -> bytes:
        return hmac.digest(self._key, raw, "sha256")[:_TAG]


__all__ = ("Cursors",)
