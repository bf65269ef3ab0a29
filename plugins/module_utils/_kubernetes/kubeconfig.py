# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A client of the Kubernetes API as a kubeconfig says, without a copy of its key on a disk."""

from __future__ import annotations

import base64
import importlib
import os
import typing as t

_kept: dict[bytes, str] = {}


def client_of(path: str, context: str | None = None) -> t.Any:
    """Return the ``ApiClient`` of a kubeconfig; no request is made yet.

    :param path: one path or several, separated as in ``KUBECONFIG``.
    :param context: context in it; None takes its current one.
    :raises kubernetes.config.ConfigException: there is no configuration, or it is wrong.
    :raises OSError: a file cannot be read.
    :raises ValueError: an embedded key is no base64.
    :raises yaml.YAMLError: a file is no YAML.

    The library ``kubernetes`` writes a key that a kubeconfig embeds into a temporary file, where it stays
    when the process is killed. Here the key stays in memory on systems that can (Linux).
    """
    kubernetes: t.Any = importlib.import_module("kubernetes")
    loading: t.Any = importlib.import_module("kubernetes.config.kube_config")
    merged = loading.KubeConfigMerger(os.path.expanduser(path)).config
    if merged is None:
        raise kubernetes.config.ConfigException("No configuration found")
    for user in merged.value["users"]:
        _keep_in_memory(user.value.get("user") or {})
    loader = loading.KubeConfigLoader(config_dict=merged, config_base_path=None, active_context=context)
    configuration = kubernetes.client.Configuration()
    loader.load_and_set(configuration)
    return kubernetes.client.ApiClient(configuration)


def _keep_in_memory(user: dict[str, t.Any]) -> None:
    """Give the key that *user* embeds a file that is on no disk."""
    if "client-key-data" in user and hasattr(os, "memfd_create"):
        user["client-key"] = _in_memory(base64.b64decode(user.pop("client-key-data"), validate=True))


def _in_memory(content: bytes) -> str:
    """Return the path of a file in memory; it lives as long as the process, and each content has one."""
    if content not in _kept:
        descriptor = os.memfd_create("client-key", os.MFD_CLOEXEC)
        os.write(descriptor, content)
        _kept[content] = f"/proc/self/fd/{descriptor}"
    return _kept[content]


__all__ = ("client_of",)
