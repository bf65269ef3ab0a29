# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The platform's keys: suites, key ids and the directory of private key files."""

from __future__ import annotations

import contextlib
import enum
import hashlib
import json
import os
import pathlib
import re
import secrets
import stat
import typing as t

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._binding import (
    KEY_ID_LENGTH,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._envelope._libraries import (
    libraries,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)

if t.TYPE_CHECKING:
    from cryptography.hazmat.primitives import hpke
    from cryptography.hazmat.primitives.asymmetric import x25519

    HpkePrivateKey = x25519.X25519PrivateKey | hpke.MLKEM768X25519PrivateKey
    HpkePublicKey = x25519.X25519PublicKey | hpke.MLKEM768X25519PublicKey

_FILE_NAME = re.compile(r"([0-9a-f]{8})\.key")
_SEED_LENGTH: t.Final = 32
_MLKEM_PUBLIC_LENGTH: t.Final = 1184
_MAX_FILE: t.Final = 4096


class Suite(enum.IntEnum):
    """HPKE suites, all with HKDF-SHA256 and AES-256-GCM, by the number a payload carries."""

    X25519 = 1
    X_WING = 2
    """MLKEM768-X25519: what is recorded on a chain today stays closed to a later quantum computer."""

    @property
    def enc_length(self) -> int:
        """Bytes of HPKE's encapsulated key."""
        return 32 if self is Suite.X25519 else 1120

    @property
    def public_length(self) -> int:
        """Bytes of a public key."""
        return 32 if self is Suite.X25519 else 1216

    def hpke(self) -> hpke.Suite:
        """Return the library's suite."""
        with libraries():
            from cryptography.hazmat.primitives import hpke
        kem = hpke.KEM.X25519 if self is Suite.X25519 else hpke.KEM.MLKEM768_X25519
        return hpke.Suite(kem, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


DEFAULT_SUITE: t.Final = Suite.X_WING


def key_id_of(public_key: bytes) -> bytes:
    """Return the first 4 bytes of SHA-256 of a public key: how the contract names it."""
    return hashlib.sha256(public_key).digest()[:KEY_ID_LENGTH]


def load_public_key(suite: Suite, public_key: bytes) -> HpkePublicKey:
    """Return the library's public key; raise ``usage`` for bytes that are no key of the suite."""
    with libraries():
        from cryptography.hazmat.primitives import hpke
        from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
    if len(public_key) != suite.public_length:
        raise PlatformError("usage", f"A public key of suite {suite:d} has {suite.public_length} bytes")
    try:
        if suite is Suite.X25519:
            return x25519.X25519PublicKey.from_public_bytes(public_key)
        return hpke.MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(public_key[:_MLKEM_PUBLIC_LENGTH]),
            x25519.X25519PublicKey.from_public_bytes(public_key[_MLKEM_PUBLIC_LENGTH:]),
        )
    except ValueError:
        raise PlatformError("usage", f"The public key is not one of suite {suite:d}") from None


class PrivateKey:
    """A private key of the platform, in memory; shown only by its key id.

    :param suite: number of the suite.
    :param seed: 32 bytes: the X25519 scalar, or the X-Wing seed that SHAKE256 expands.
    :raises PlatformError: ``usage`` for an unknown suite or another length.
    """

    __slots__ = ("handle", "public_key", "seed", "suite")

    def __init__(self, suite: int, seed: bytes) -> None:
        if suite not in tuple(Suite) or len(seed) != _SEED_LENGTH:
            raise PlatformError("usage", f"A private key has a suite of 1 or 2 and {_SEED_LENGTH} bytes")
        self.suite = Suite(suite)
        self.seed = seed
        self.handle: HpkePrivateKey
        self.handle, self.public_key = _expand(self.suite, seed)

    @classmethod
    def generate(cls, suite: int = DEFAULT_SUITE) -> PrivateKey:
        """Return a new random key."""
        return cls(suite, secrets.token_bytes(_SEED_LENGTH))

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that the contract names the key by."""
        return key_id_of(self.public_key)

    def __repr__(self) -> str:
        return f"PrivateKey(suite={self.suite:d}, key_id={self.key_id.hex()})"

    def __reduce__(self) -> t.NoReturn:
        raise TypeError("A private key is never pickled")


class KeyStore:
    """A directory of private key files named ``<key id in hex>.key``, each readable by its owner only."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = pathlib.Path(directory)

    def key_ids(self) -> list[bytes]:
        """Return the ids of the keys present; raise ``usage`` when the directory cannot be read."""
        try:
            names = sorted(os.listdir(self.directory))
        except OSError as error:
            raise PlatformError(
                "usage", f"Cannot read the key directory {self.directory}: {error.strerror}"
            ) from None
        return [bytes.fromhex(match[1]) for match in map(_FILE_NAME.fullmatch, names) if match]

    def private_key(self, key_id: bytes) -> PrivateKey:
        """Read one key.

        :raises PlatformError: ``key_unknown`` when other keys are there but not this one; ``usage`` when the
            directory holds no key at all (the platform is not set up: no client is to blame), or when the
            file is open to others or damaged.
        """
        present = self.key_ids()
        if not present:
            raise PlatformError("usage", f"The key directory {self.directory} holds no key")
        if key_id not in present:
            raise PlatformError("key_unknown", f"The platform holds no private key {key_id.hex()}")
        return read_private_key(self.directory / f"{key_id.hex()}.key")

    def generate(self, suite: int = DEFAULT_SUITE) -> PrivateKey:
        """Create a key and its file; an existing file is never replaced."""
        key = PrivateKey.generate(suite)
        self.add(key)
        return key

    def add(self, key: PrivateKey) -> pathlib.Path:
        """Write a key's file (0600) and return its path; raise ``usage`` when it exists."""
        path = self.directory / f"{key.key_id.hex()}.key"
        content = json.dumps({"suite": int(key.suite), "private_key": key.seed.hex()}) + "\n"
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(path, content.encode("ascii"))
        except OSError as error:
            raise PlatformError("usage", f"Cannot create the key file {path}: {error.strerror}") from None
        return path


def read_secret_file(path: str | os.PathLike[str], limit: int = _MAX_FILE) -> bytes:
    """Read a secret file; raise ``usage`` when it is absent, open to others or above *limit* bytes."""
    try:
        with open(path, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(limit + 1) if mode & 0o077 == 0 else b""
    except OSError as error:
        raise PlatformError("usage", f"Cannot read the file {path}: {error.strerror}") from None
    if mode & 0o077:
        raise PlatformError(
            "usage", f"The file {path} has mode {mode:04o}: group or others may enter; set 0600"
        )
    if len(content) > limit:
        raise PlatformError("usage", f"The file {path} has more than {limit} bytes")
    return content


def read_private_key(path: str | os.PathLike[str]) -> PrivateKey:
    """Read a private key file; raise ``usage`` when it is absent, damaged or open to group or others."""
    content = read_secret_file(path)
    key = _parse_key(content)
    if key is None:
        raise PlatformError("usage", f"The key file {path} is damaged")
    name = _FILE_NAME.fullmatch(pathlib.Path(path).name)
    if name is not None and name[1] != key.key_id.hex():
        raise PlatformError("usage", f"The key file {path} holds the key {key.key_id.hex()}")
    return key


def _parse_key(content: bytes) -> PrivateKey | None:
    try:
        fields = json.loads(content)
        suite, seed = fields["suite"], bytes.fromhex(fields["private_key"])
    except (ValueError, KeyError, TypeError):
        return None
    if suite not in (1, 2) or len(seed) != _SEED_LENGTH:
        return None
    return PrivateKey(suite, seed)


def _expand(suite: Suite, seed: bytes) -> tuple[HpkePrivateKey, bytes]:
    """Return the library's private key and the raw public key."""
    with libraries():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hpke
        from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
    if suite is Suite.X25519:
        scalar = x25519.X25519PrivateKey.from_private_bytes(seed)
        return scalar, scalar.public_key().public_bytes_raw()
    # draft-connolly-cfrg-xwing-kem: ML-KEM's d and z (64 bytes), then the X25519 scalar
    expanded = hashlib.shake_256(seed).digest(96)
    try:
        lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    except UnsupportedAlgorithm:
        raise PlatformError("library_missing", "This build of cryptography has no ML-KEM-768") from None
    scalar = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    public = lattice.public_key().public_bytes_raw() + scalar.public_key().public_bytes_raw()
    return hpke.MLKEM768X25519PrivateKey(lattice, scalar), public


def _create(path: pathlib.Path, content: bytes) -> None:
    """Write a new file whole or not at all; ``link`` fails where ``rename`` would replace."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


__all__ = (
    "DEFAULT_SUITE",
    "KeyStore",
    "PrivateKey",
    "Suite",
    "key_id_of",
    "load_public_key",
    "read_private_key",
    "read_secret_file",
)
