# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks: bearer tokens, each good for one client or for all, and how often they may ask."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
import typing as t

from apiflask import HTTPTokenAuth
from flask import g, request

from listener import store

from .problems import Problem

if t.TYPE_CHECKING:
    import sqlalchemy as sa

PREFIX: t.Final = "bfp_"
_BYTES: t.Final = 32


def make_token(database_url: str, name: str, client: int | None) -> str:
    """Return a new token of 256 random bits, which is kept nowhere; the store gets its hash.

    :param client: the one client that it may see; None for all.
    """
    token = PREFIX + secrets.token_urlsafe(_BYTES)
    with store.make_engine(database_url).begin() as connection:
        store.add_token(connection, hash_of(token), name, client)
    return token


def revoke_token(database_url: str, name: str) -> bool:
    """Revoke the tokens of *name*; return False if none was valid."""
    with store.make_engine(database_url).begin() as connection:
        return store.revoke_token(connection, name)


def hash_of(token: str) -> str:
    """Return what the store keeps of a token: its SHA-256; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class Access:
    """Checks tokens and limits.

    A token is found by its hash, so how long a look-up takes tells of hashes, never of tokens.

    :param per_minute: requests that one token, or one address without a good token, may make.
    """

    def __init__(self, engine: sa.Engine, per_minute: int) -> None:
        self._engine = engine
        self._limit = Limit(per_minute)
        self.auth = HTTPTokenAuth(description="A token of `flask --app listener token create`.")
        self.auth.verify_token(self._verify)

    def _verify(self, token: str) -> store.Token | None:
        digest = hash_of(token) if token else ""
        with self._engine.begin() as connection:
            found = store.find_token(connection, digest) if digest else None
        wait = self._limit.take(digest if found else f"address {request.remote_addr}")
        if wait:
            raise Problem("too_many_requests", headers={"Retry-After": str(wait)})
        g.scope = found
        return found


def require(client: int) -> None:
    """Let only a token of *client*, or of all, go on.

    :raises Problem: ``not_found``: to others the client does not exist.
    """
    scope: store.Token = g.scope
    if scope.client not in (None, client):
        raise Problem("not_found")


class Limit:
    """Allows each name a number of requests per minute, in this process."""

    def __init__(self, per_minute: int, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[str, int] = {}

    def take(self, name: str) -> int:
        """Count one request; return 0, or the seconds to wait."""
        now = self._clock()
        with self._lock:
            if int(now // 60) != self._minute:
                self._minute, self._counts = int(now // 60), {}
            count = self._counts[name] = self._counts.get(name, 0) + 1
        return 0 if count <= self._per_minute else 60 - int(now % 60)


__all__ = ("Access", "Limit", "hash_of", "make_token", "require", "revoke_token")
