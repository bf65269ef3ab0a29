# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain as the listener sees it: nothing that an RPC says is believed unchecked."""

from __future__ import annotations

from .abi import OnChainCommand
from .reader import ChainReader
from .registry import Registry
from .rpc import AnswerError, Rpc

__all__ = ("AnswerError", "ChainReader", "OnChainCommand", "Registry", "Rpc")
