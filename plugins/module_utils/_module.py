# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""What every module does around its one call."""

from __future__ import annotations

import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_module(module: AnsibleModule, work: t.Callable[[], dict[str, t.Any]]) -> t.NoReturn:
    """Exit with the result of ``work``, or fail with the code and category of its error.

    Any other exception ends as ``undecided`` with its type only: its text could carry a secret.
    """
    try:
        result = work()
    except PlatformError as error:
        module.fail_json(
            msg=error.message, code=error.code, category=error.category.value, details=error.details
        )
    except Exception as error:  # a traceback must not leave the process
        module.fail_json(
            msg=f"Unexpected {type(error).__name__} in {module._name}",
            code="undecided",
            category="undecided",
            details={"where": _where(error)},
        )
    if not module._diff:
        result.pop("diff", None)
    module.exit_json(**result)


def _where(error: BaseException) -> str:
    """Name the file and line that raised, without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


__all__ = ("run_module",)
