# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
"""A kubeconfig that embeds its key works, and the key gets no other file."""

from __future__ import annotations

import base64
import datetime
import http.server
import ipaddress
import json
import pathlib
import ssl
import tempfile
import threading
import typing as t

import pytest
import yaml
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes import client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAME = "bot-freqtrade:platform"
PEM = serialization.Encoding.PEM


class Handler(http.server.BaseHTTPRequestHandler):
    """Tells a caller the name in its certificate."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        peer = t.cast(ssl.SSLSocket, self.connection).getpeercert() or {}
        subject = t.cast(tuple[tuple[tuple[str, str], ...], ...], peer["subject"])
        body = json.dumps({"kind": "Namespace", "caller": subject[0][0][1]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: t.Any) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def identity() -> tuple[bytes, bytes]:
    """A certificate that trusts itself, for both sides, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    kind, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return certificate.public_bytes(PEM), key.private_bytes(PEM, kind, none)


@pytest.fixture
def url(identity: tuple[bytes, bytes], tmp_path: pathlib.Path) -> t.Iterator[str]:
    """A server that asks for a client's certificate."""
    for name, content in zip(("crt", "key"), identity, strict=True):
        (tmp_path / name).write_bytes(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "crt"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def kubeconfig(url: str, identity: tuple[bytes, bytes], tmp_path: pathlib.Path) -> str:
    """A kubeconfig with everything embedded."""
    certificate, key = (base64.b64encode(part).decode() for part in identity)
    path = tmp_path / "config"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [
                    {"name": "c", "cluster": {"server": url, "certificate-authority-data": certificate}}
                ],
                "users": [
                    {"name": "u", "user": {"client-certificate-data": certificate, "client-key-data": key}}
                ],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return str(path)


def test_an_embedded_key_identifies_its_user_and_gets_no_file(
    kubeconfig: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for attempt in range(2):
        found = client.connect(kubeconfig).get(client.NAMESPACES, None, "cliente-001")
        assert found
        assert found["caller"] == NAME, attempt
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert written, "the certificates are no secret: without their files this test looks in the wrong place"
    assert not [content for content in written if b"PRIVATE KEY" in content]


def test_an_embedded_key_that_is_no_base64_is_a_usage_error(kubeconfig: str) -> None:
    path = pathlib.Path(kubeconfig)
    path.write_text(path.read_text().replace("client-key-data: ", "client-key-data: '*'#"))
    with pytest.raises(client.PlatformError, match="Cannot read the kubeconfig") as caught:
        client.connect(kubeconfig)
    assert caught.value.code == "usage"
