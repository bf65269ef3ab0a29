# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""A registry of images on a loopback address, without TLS."""

from __future__ import annotations

import contextlib
import http.client
import signal
import typing as t
from pathlib import Path

from ansible_collections.bot_freqtrade.platform.tests.support.processes import find_binary, free_port, running


@contextlib.contextmanager
def registry(folder: Path) -> t.Iterator[str]:
    """Start one that keeps its images in ``folder``; gives its address.

    Programs whose home is ``folder/home``, such as skopeo and buildah, do not ask it for TLS.
    """
    port = free_port()
    address = f"127.0.0.1:{port}"
    configuration = folder / "registry.yml"
    configuration.write_text(
        f"version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{address}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'registry'}}}}}\n",
        encoding="utf-8",
    )
    clients = folder / "home" / ".config" / "containers" / "registries.conf"
    clients.parent.mkdir(parents=True, exist_ok=True)
    clients.write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n', encoding="utf-8")
    program = str(find_binary("docker-registry"))
    command = ["setpriv", "--pdeathsig", "KILL", program, "serve", str(configuration)]
    with running(command, folder / "registry.log", lambda: _answers(port), stop=signal.SIGTERM):
        yield address


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


__all__ = ("registry",)
