# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The cluster's certificates and kubeconfigs."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import ipaddress
import os
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = dt.timedelta(days=3650)


def write_private(path: Path, content: bytes | str, owner: int = 0) -> bool:
    """Make a file with this content that only its owner may read; False when it was so already.

    The file is replaced as a whole, and its content never exists with wider permissions.

    :param owner: number of a user, and of the group of the same number.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and path.read_bytes() == data and path.stat().st_uid == owner:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchown(descriptor, owner, owner)
        file.write(data)
    temporary.replace(path)
    return True


@dataclasses.dataclass(frozen=True)
class Identity:
    """A certificate with its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder, made at its first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "ca.crt"
        key_file = folder / "ca.key"
        if not key_file.exists():
            self._create(key_file)
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self._issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes())

    def issue(
        self, file_name: str, name: str, groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()
    ) -> Identity:
        """Return the identity ``file_name``, issued when its files are missing.

        :param name: the common name: Kubernetes' user.
        :param groups: the organisations: Kubernetes' groups.
        :param hosts: DNS names and IP addresses that a server with this identity answers for.
        """
        identity = Identity(self._folder / f"{file_name}.crt", self._folder / f"{file_name}.key")
        if identity.certificate.exists():
            return identity
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
            + [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
        builder = (
            _builder(subject, self._issuer.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        write_private(identity.key, _pem(key))
        identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return identity

    def kubeconfig(self, server: str, identity: Identity) -> str:
        """A kubeconfig with everything embedded: it can be moved and read on its own."""
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {
                        "name": "local",
                        "cluster": {"server": server, "certificate-authority-data": _b64(self.certificate)},
                    }
                ],
                "users": [
                    {
                        "name": "local",
                        "user": {
                            "client-certificate-data": _b64(identity.certificate),
                            "client-key-data": _b64(identity.key),
                        },
                    }
                ],
                "contexts": [{"name": "local", "context": {"cluster": "local", "user": "local"}}],
                "current-context": "local",
            }
        )

    def _create(self, key_file: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bot_freqtrade local platform")])
        certificate = (
            _builder(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_CA_USAGE, critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(key_file, _pem(key))
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def signing_key(path: Path) -> Path:
    """The key that signs service accounts' tokens, made at its first use."""
    if not path.exists():
        write_private(path, _pem(ec.generate_private_key(ec.SECP256R1())))
    return path


_CA_USAGE = x509.KeyUsage(
    digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
    key_encipherment=False, data_encipherment=False, key_agreement=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
    )


def _names(hosts: tuple[str, ...]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _b64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
