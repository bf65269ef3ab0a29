# SPDX-License-Identifier: GPL-3.0-or-later
"""Alembic migrations of the listener's database."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from listener.store import make_engine


def upgrade(url: str) -> None:
    """Bring the database *url* to the newest schema; several callers at once are safe."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


__all__ = ("upgrade",)
