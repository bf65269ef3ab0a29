# SPDX-License-Identifier: GPL-3.0-or-later
"""A strategy that does not import."""

import a_module_that_is_nowhere
from freqtrade.strategy import IStrategy


class BrokenImport(IStrategy):
    """Freqtrade ends with status 2 before its API answers."""

    timeframe = "5m"
    stoploss = a_module_that_is_nowhere.STOPLOSS
