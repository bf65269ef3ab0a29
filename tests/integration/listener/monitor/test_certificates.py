# SPDX-License-Identifier: GPL-3.0-or-later
"""When the certificates of real servers and files expire."""

from __future__ import annotations

import datetime as dt
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from listener.monitor.certificates import Certificates
from tests.support.postgres import UNPRIVILEGED, server

from .conftest import Read


def make_certificate(folder: Path, name: str, days: int) -> tuple[Path, Path, float]:
    """Sign a certificate by itself; return its file, its key's and when it expires."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    options = ["-subj", f"/CN={name}", "-days", str(days), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *options], check=True, capture_output=True)
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    return certificate, key, loaded.not_valid_after_utc.timestamp()


@pytest.fixture(scope="module")
def postgres_with_tls() -> Iterator[tuple[Any, float]]:
    """A server that speaks TLS, and when its certificate expires."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with server(15, folder / "server") as running:
            with running.superuser() as cursor:
                cursor.execute("SHOW data_directory")
                data = Path(cursor.fetchone()[0])
            certificate, key, expires = make_certificate(folder, "postgres", 20)
            for source, target in ((certificate, "server.crt"), (key, "server.key")):
                place = data / target
                place.write_bytes(source.read_bytes())
                place.chmod(0o600)
                subprocess.run(["chown", UNPRIVILEGED, place], check=True)
            with running.superuser() as cursor:
                cursor.execute("ALTER SYSTEM SET ssl = on")
                cursor.execute("SELECT pg_reload_conf()")
            yield running, expires


@pytest.fixture
def kubeconfig(kube_api: Any, tmp_path: Path) -> Path:
    """A cluster whose kubeconfig carries a client's certificate."""
    certificate, key, _ = make_certificate(tmp_path, "client", 3)
    content = yaml.safe_load(kube_api.kubeconfig.read_text())
    content["users"][0]["user"] |= {"client-certificate": str(certificate), "client-key": str(key)}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return path


def test_every_certificate_s_expiry_is_told(
    kube_api: Any, kubeconfig: Path, postgres_with_tls: tuple[Any, float], tmp_path: Path, read: Read
) -> None:
    running, postgres_expires = postgres_with_tls
    ingress, _, ingress_expires = make_certificate(tmp_path, "ingress", 7)
    other = kube_api.url.removeprefix("https://")
    url = f"postgresql://x@{running.host}:{running.port}/x"
    found = read(Certificates(url, kubeconfig, [ingress], [other]))
    expiry = "platform_certificate_expiry_timestamp_seconds{name=%s}"
    api_expires = found[expiry % "kubernetes"]
    assert api_expires > dt.datetime.now(dt.UTC).timestamp() + 86400
    assert found[expiry % other] == api_expires
    assert found[expiry % "postgresql"] == postgres_expires
    assert found[expiry % "ingress.crt"] == ingress_expires
    assert found[expiry % "kubeconfig"] < api_expires
    assert {value for name, value in found.items() if "readable" in name} == {1.0}


def test_the_first_certificate_of_a_file_to_expire_counts(
    kube_api: Any, kubeconfig: Path, tmp_path: Path, read: Read
) -> None:
    long, _, _ = make_certificate(tmp_path, "long", 300)
    short, _, expires = make_certificate(tmp_path, "short", 2)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(long.read_bytes() + short.read_bytes())
    found = read(Certificates("postgresql://h/x?sslmode=disable", kubeconfig, [bundle], []))
    assert found["platform_certificate_expiry_timestamp_seconds{name=bundle.pem}"] == expires


def test_one_that_cannot_be_read_hides_no_other(
    kube_api: Any, kubeconfig: Path, postgres_15: Any, tmp_path: Path, read: Read
) -> None:
    url = f"postgresql://x@127.0.0.1:{postgres_15.port}/x"
    found = read(Certificates(url, kubeconfig, [tmp_path / "missing.pem"], ["127.0.0.1:1"]))
    readable = "platform_certificate_readable{name=%s}"
    assert [
        found[readable % name] for name in ("postgresql", "missing.pem", "127.0.0.1:1", "kubernetes")
    ] == [
        0,
        0,
        0,
        1,
    ]
    assert found["platform_monitor_source_up{source=it}"] == 1
