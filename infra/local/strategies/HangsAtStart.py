# SPDX-License-Identifier: GPL-3.0-or-later
"""A strategy that never gets to its first candle."""

import time
from typing import ClassVar

from freqtrade.strategy import IStrategy
from pandas import DataFrame


class HangsAtStart(IStrategy):
    """The process lives, and its loop never turns."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    minimal_roi: ClassVar = {"0": 0.10}
    stoploss = -0.20

    def bot_start(self, **kwargs) -> None:
        while True:
            time.sleep(3600)

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
