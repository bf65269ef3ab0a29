# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A password file of libpq: https://www.postgresql.org/docs/current/libpq-pgpass.html."""

from __future__ import annotations

import os
import re
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._postgres._connection import (
    Login,
)

_FIELD: t.Final = re.compile(r"((?:\\.|[^\\:])*)(?::|$)")
_FIELDS: t.Final = 5


class Passfile:
    """Passwords by server, database and user, in a file that only its owner may read.

    :raises PlatformError: ``usage`` when others may read it, as libpq ignores it then, or nobody may.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        try:
            if self._path.stat().st_mode & 0o077:
                raise PlatformError("usage", f"The password file {path} is open to others than its owner")
            self._lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            self._lines = []
        except (OSError, UnicodeDecodeError) as error:
            raise PlatformError("usage", f"Cannot read {path}: {type(error).__name__}") from None

    def password(self, login: Login) -> str | None:
        """Return the password of the first line that fits, as libpq does; None where none does."""
        for line in self._lines:
            fields = _fields(line)
            if _fits(fields, login):
                return fields[-1]
        return None

    def keep(self, login: Login, password: str) -> None:
        """Write the password of a user for all databases of the server, as the file's first line.

        :raises PlatformError: ``usage`` when the file cannot be written.
        """
        place = [login.host, str(login.port), "*", login.user]
        others = [line for line in self._lines if _fields(line)[:-1] != place]
        self._lines = [":".join(map(_escaped, [*place, password])), *others]
        try:
            self._write("".join(f"{line}\n" for line in self._lines))
        except OSError as error:
            raise PlatformError("usage", f"Cannot write {self._path}: {error.strerror}") from None

    def _write(self, text: str) -> None:
        """Replace the file at once; it keeps its owner."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if self._path.exists():
                owner = self._path.stat()
                os.chown(name, owner.st_uid, owner.st_gid)
            os.replace(name, self._path)
        except OSError:
            os.unlink(name)
            raise


def _fields(line: str) -> list[str]:
    """Return the fields of a line, or an empty list for a comment or anything else that is none."""
    if line.startswith("#"):
        return []
    found = [re.sub(r"\\(.)", r"\1", field) for field in _FIELD.findall(line)][:_FIELDS]
    return found if len(found) == _FIELDS else []


def _fits(fields: list[str], login: Login) -> bool:
    place = [login.host, str(login.port), login.database, login.user]
    return bool(fields) and all(field in ("*", part) for field, part in zip(fields, place, strict=False))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


__all__ = ("Passfile",)
