# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLAlchemy plugin: ``…?plugin=bot_preping`` tests a pooled connection before it is used.

Freqtrade offers no pool_pre_ping, and a server that closes one idle connection would end the bot.
"""

import typing as t

from sqlalchemy.engine import URL, CreateEnginePlugin


class PrePing(CreateEnginePlugin):
    """Turn pool_pre_ping on for the engine that names this plugin."""

    def update_url(self, url: URL) -> URL:
        """Return ``url`` unchanged: the plugin has no options in it."""
        return url

    def handle_pool_kwargs(self, pool_cls: type, pool_args: dict[str, t.Any]) -> None:
        """Ask the pool for a test of each connection it hands out."""
        pool_args["pre_ping"] = True
