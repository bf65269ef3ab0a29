# SPDX-License-Identifier: GPL-3.0-or-later
"""A second strategy that trades."""

from typing import ClassVar

from freqtrade.strategy import IStrategy
from pandas import DataFrame


class SampleTrend2(IStrategy):
    """Like SampleTrend with a longer average: a change that keeps open trades open."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    startup_candle_count = 40
    minimal_roi: ClassVar = {"0": 0.10}
    stoploss = -0.20
    use_exit_signal = False

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe["average"] = dataframe["close"].rolling(40).mean()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["close"] > dataframe["average"] * 0.95, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
