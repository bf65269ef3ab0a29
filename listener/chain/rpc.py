# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON-RPC over HTTP: batches, time limits, no hidden repetition, and no URL in any text."""

from __future__ import annotations

import itertools
import json
import typing as t

import urllib3
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import PlatformError

if t.TYPE_CHECKING:
    from collections.abc import Sequence

Call = tuple[str, list[t.Any]]
_LIMITS: t.Final = (413, 429)
"""HTTP states by which providers say that too much was asked."""


class AnswerError(Exception):
    """The node answered a call with an error.

    :param code: of JSON-RPC; 0 for a limit told by HTTP.
    :param data: the revert data of a call, ``0x…``; empty if there is none.
    """

    def __init__(self, code: int, message: str, data: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class Rpc:
    """One JSON-RPC endpoint.

    :param url: may hold a key; it never appears in an error.
    :param timeout: seconds for one request.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=timeout),
            retries=False,
            headers={"content-type": "application/json"},
        )
        self._ids = itertools.count(1)

    def call(self, method: str, *params: t.Any) -> t.Any:
        """Return the result of one call.

        :raises AnswerError: the node answered an error.
        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        (result,) = self.batch([(method, list(params))])
        if isinstance(result, AnswerError):
            raise result
        return result

    def results(self, calls: Sequence[Call]) -> list[t.Any]:
        """Return the results of several calls of one request; the first error ends them all.

        :raises AnswerError: the node answered one of them with an error.
        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        results = self.batch(calls)
        for result in results:
            if isinstance(result, AnswerError):
                raise result
        return results

    def batch(self, calls: Sequence[Call]) -> list[t.Any]:
        """Return for each call its result, or an :class:`AnswerError` in its place.

        :raises AnswerError: the node refused the batch as a whole.
        :raises PlatformError: ``chain_unreachable`` or ``chain_invalid``.
        """
        if not calls:
            return []
        ids = [next(self._ids) for _ in calls]
        request = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in zip(ids, calls, strict=True)
        ]
        answer = self._post(request)
        if isinstance(answer, dict) and "error" in answer:
            raise _error(answer["error"])
        if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
            raise invalid("it is no answer to a batch")
        found = {item.get("id"): item for item in answer}
        if len(answer) != len(ids) or found.keys() != set(ids):
            raise invalid("it does not answer each call once")
        return [_result(found[number]) for number in ids]

    def _post(self, request: list[dict[str, t.Any]]) -> t.Any:
        try:
            response = self._pool.request("POST", self._url, body=json.dumps(request).encode())
        except urllib3.exceptions.HTTPError as error:
            # The text of urllib3's errors holds the URL.
            raise PlatformError("chain_unreachable", f"The RPC is away: {type(error).__name__}") from None
        if response.status in _LIMITS:
            raise AnswerError(0, f"The RPC answers HTTP {response.status}")
        if response.status != 200:
            raise PlatformError("chain_unreachable", f"The RPC answers HTTP {response.status}")
        try:
            return json.loads(response.data)
        except ValueError:
            raise invalid("it is not JSON") from None


def invalid(problem: str) -> PlatformError:
    """Return the error of an answer that cannot be true."""
    return PlatformError("chain_invalid", f"The RPC's answer is not believed: {problem}")


def _result(item: dict[str, t.Any]) -> t.Any:
    if item.get("error") is not None:
        return _error(item["error"])
    if "result" not in item:
        raise invalid("an answer has no result")
    return item["result"]


def _error(error: t.Any) -> AnswerError:
    if not isinstance(error, dict):
        raise invalid("an error is no object")
    data = error.get("data")
    code = error.get("code")
    return AnswerError(
        code if isinstance(code, int) else 0,
        str(error.get("message", "")),
        data if isinstance(data, str) else "",
    )


__all__ = ("AnswerError", "Call", "Rpc", "invalid")
