# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The URL by which a bot reaches its schema."""

from __future__ import annotations

import urllib.parse


def database_url(
    password: str, *, user: str, host: str, port: int, database: str, schema: str, sslmode: str
) -> str:
    """Return the URL for SQLAlchemy with the driver psycopg2, in the one form that Freqtrade accepts.

    The search path travels in ``options``: libpq knows no ``search_path`` parameter. Every parameter is one
    of libpq's, so other clients can use the URL; the chart appends what only the bot's image understands.
    The keepalives end a connection whose server is gone.
    """
    query = {
        "options": f"-csearch_path={schema}",
        "sslmode": sslmode,
        "connect_timeout": "5",
        "keepalives": "1",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
    }
    quoted = {name: urllib.parse.quote(value, safe="") for name, value in query.items()}
    login = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}"
    parameters = "&".join(f"{name}={value}" for name, value in quoted.items())
    return (
        f"postgresql+psycopg2://{login}@{_bracketed(host)}:{port}/{urllib.parse.quote(database)}?{parameters}"
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


__all__ = ("database_url",)
