# SPDX-License-Identifier: GPL-3.0-or-later
"""When certificates expire: those that servers show, and those in files.

Nothing is sent to a server and nothing that it says is used, so its certificate is not verified: one that has
expired or that nobody signed is what this is to find.
"""

from __future__ import annotations

import importlib
import socket
import ssl
import struct
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import client_of
from cryptography import x509

from listener.logs import get_logger

from .sources import gauge, kind_of

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.core import Metric

log = get_logger(__name__)

TIMEOUT: t.Final = 3.0
"""Seconds for each step towards a server."""
_POSTGRES_TLS: t.Final = struct.pack("!ii", 8, 80877103)
"""The message by which a client of PostgreSQL asks for TLS (PostgreSQL, "Message Formats", SSLRequest)."""

Look = t.Callable[[], list[x509.Certificate]]


class Certificates:
    """The first expiry of the certificates at each place.

    :param database_url: PostgreSQL is asked unless it says ``sslmode=disable``.
    :param kubeconfig: of the cluster; without it that of the pod that this runs in.
    :param files: PEM files.
    :param servers: further servers, ``host:port``.
    """

    def __init__(
        self, database_url: str, kubeconfig: Path | None, files: Iterable[Path], servers: Iterable[str]
    ) -> None:
        self._database = sa.make_url(database_url)
        self._kubeconfig = kubeconfig
        self._files = tuple(files)
        self._servers = tuple(servers)

    def __call__(self) -> list[Metric]:
        expiry = gauge("platform_certificate_expiry_timestamp_seconds", "When a certificate expires", "name")
        readable = gauge("platform_certificate_readable", "1 where a certificate could be read", "name")
        for name, look in self._places():
            try:
                found = [certificate.not_valid_after_utc for certificate in look()]
                expiry.add_metric([name], min(found).timestamp())
            except Exception as error:
                log.warning("certificate_unreadable", name=name, error=kind_of(error))
                readable.add_metric([name], 0)
            else:
                readable.add_metric([name], 1)
        return [expiry, readable]

    def _places(self) -> Iterator[tuple[str, Look]]:
        cluster = _cluster(self._kubeconfig)
        place = urlsplit(cluster.host)
        if place.scheme == "https":
            yield "kubernetes", _server(place.hostname or "", place.port or 443)
        if cluster.cert_file:
            yield "kubeconfig", _file(Path(cluster.cert_file))
        if self._database.query.get("sslmode") != "disable":
            yield (
                "postgresql",
                _server(self._database.host or "", self._database.port or 5432, _ask_postgres_for_tls),
            )
        for file in self._files:
            yield file.name, _file(file)
        for server in self._servers:
            host, _, port = server.rpartition(":")
            yield server, _server(host, int(port))


def _cluster(kubeconfig: Path | None) -> t.Any:
    """Return the library's configuration: its ``host``, and its ``cert_file`` where it has one."""
    if kubeconfig is not None:
        return client_of(str(kubeconfig)).configuration
    kubernetes: t.Any = importlib.import_module("kubernetes")
    settings = kubernetes.client.Configuration()
    kubernetes.config.load_incluster_config(client_configuration=settings)
    return settings


def _file(path: Path) -> Look:
    return lambda: x509.load_pem_x509_certificates(path.read_bytes())


def _server(host: str, port: int, start: Callable[[socket.socket], None] | None = None) -> Look:
    """Return a look at what a server shows; *start* speaks with it before TLS does."""

    def look() -> list[x509.Certificate]:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((host, port), timeout=TIMEOUT) as plain:
            if start is not None:
                start(plain)
            with context.wrap_socket(plain, server_hostname=host) as secured:
                return [x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")]

    return look


def _ask_postgres_for_tls(connection: socket.socket) -> None:
    connection.sendall(_POSTGRES_TLS)
    if connection.recv(1) != b"S":
        raise ssl.SSLError("the server speaks no TLS")


__all__ = ("Certificates",)
