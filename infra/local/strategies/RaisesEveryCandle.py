# SPDX-License-Identifier: GPL-3.0-or-later
"""A strategy that raises at each candle."""

from typing import ClassVar

from freqtrade.strategy import IStrategy
from pandas import DataFrame


class RaisesEveryCandle(IStrategy):
    """Freqtrade logs a warning, stays "running", and never trades."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    minimal_roi: ClassVar = {"0": 0.10}
    stoploss = -0.20

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        raise ArithmeticError("this strategy raises at each candle")

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
