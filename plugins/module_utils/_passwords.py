# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""Where the passwords of the platform's own database roles come from, and where they are kept."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils import _postgres, _secrets

# Must be kept in sync with plugins/doc_fragments/role_password.py
ARGUMENT_SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    "role_passfile": {"type": "path", "no_log": False},
    "role_secret": {"type": "str", "no_log": False},
    "login_secret": {"type": "str", "no_log": False},
    "aws_region": {"type": "str"},
    "aws_endpoint_url": {"type": "str"},
}
RULES: t.Final[dict[str, t.Any]] = {
    "required_one_of": [("role_passfile", "role_secret")],
    "mutually_exclusive": [("login_passfile", "login_secret")],
}


@dataclasses.dataclass(frozen=True)
class Kept:
    """A role's password.

    :param written: whether the password file was changed, or would be.
    """

    password: str = dataclasses.field(repr=False)
    written: bool


def login_of(options: t.Mapping[str, t.Any]) -> _postgres.Login:
    """Return the login that the options name, its password from Secrets Manager where they say so.

    :raises PlatformError: ``secret_conflict``, ``secret_store_unreachable``, ``library_missing``, ``usage``.
    """
    login = _postgres.Login.from_options(options)
    if options["login_secret"] is None:
        return login
    return login.as_user(login.user, _stored(options, "login_secret"))


def keep_password(options: t.Mapping[str, t.Any], login: _postgres.Login, *, check: bool) -> Kept:
    """Return the password of the role of ``login``, after its password file was made to hold it.

    It is what the secret holds, else what the file holds, else a random one.

    :param check: write nothing; a random password is then of no use to anybody.
    :raises PlatformError: as :func:`login_of`.
    """
    passfile = _postgres.Passfile(options["role_passfile"]) if options["role_passfile"] else None
    held = passfile.password(login) if passfile else None
    if options["role_secret"] is not None:
        password = _stored(options, "role_secret")
    else:
        password = held or _secrets.random_text()
    written = passfile is not None and held != password
    if passfile and written and not check:
        passfile.keep(login, password)
    return Kept(password, written)


def _stored(options: t.Mapping[str, t.Any], name: str) -> str:
    return _secrets.stored_password(options[name], options["aws_region"], options["aws_endpoint_url"])


__all__ = ("ARGUMENT_SPEC", "RULES", "Kept", "keep_password", "login_of")
