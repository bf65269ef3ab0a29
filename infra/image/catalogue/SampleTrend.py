# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow a market that does not fall."""

from typing import ClassVar

from freqtrade.strategy import IStrategy
from pandas import DataFrame


class SampleTrend(IStrategy):
    """Enter each pair that trades near or above its average; leave at a profit of 10 % or a loss of 20 %."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    startup_candle_count = 20
    minimal_roi: ClassVar = {"0": 0.10}
    stoploss = -0.20
    use_exit_signal = False

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe["average"] = dataframe["close"].rolling(20).mean()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["close"] > dataframe["average"] * 0.95, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
