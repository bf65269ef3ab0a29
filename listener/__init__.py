# SPDX-License-Identifier: GPL-3.0-or-later
"""The listener: turns on-chain commands into runs of the collection and verdicts back on the chain.

Its roles are commands of Flask: ``flask --app listener watch | dispatch | send | api | monitor``.
"""

from __future__ import annotations

import typing as t

from flask import Flask

from .cli import register_commands

if t.TYPE_CHECKING:
    from .settings import ApiSettings


def create_app(settings: ApiSettings | None = None) -> Flask:
    """Return the Flask app: with *settings* the API, without them only the commands of the roles.

    A role loads the settings it needs itself, so ``flask --app listener --help`` works anywhere.
    """
    if settings is None:
        app = Flask("listener", static_folder=None)
    else:
        from .api import create_api

        app = create_api(settings)
    register_commands(app)
    return app


__all__ = ("create_app",)
