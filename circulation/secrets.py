"""Server secrets: files only their owner reads. Keyed hashes, tokens, the key pair for sealed requests, PIN hashes.

Also what has to be read again, as passwords of mail servers: encrypted with a key that is not in the database. A PIN
has few digits: it is keyed with a secret that is not in the database before argon2 sees it, so that a stolen database
alone gives no PIN away.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from nacl.encoding import Base64Encoder
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from nacl.secret import SecretBox

from circulation.errors import CirculationError

HASHES_AT_A_TIME = 2
SHORTEST_PIN, LONGEST_PIN = 4, 12  # digits, as they are typed at a machine
_KEEPING = b"kept-to-be-read"  # of what is encrypted: no key of it is ever one of the hashes that are stored


class Secrets:
    """The secrets of one installation, made at first use in a folder only their owner reads.

    Args:
        folder: where the files are or will be.
        hasher: how much work a hash is; None = as argon2-cffi recommends.

    Raises:
        CirculationError: a file is damaged, can be read by others, or cannot be used.
    """

    def __init__(self, folder: Path, hasher: PasswordHasher | None = None) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._key = _file(folder / "server.key", 32)
            self._private = PrivateKey(_file(folder / "sealed.key", PrivateKey.SIZE))
        except OSError as error:
            raise CirculationError("secrets", f"{error.filename or folder} cannot be used: {error.strerror}") from None
        self._hasher = hasher or PasswordHasher()
        self._slots = threading.BoundedSemaphore(HASHES_AT_A_TIME)
        self._dummy = self.hash_pin("0000", "nobody")

    @property
    def public_key(self) -> bytes:
        """Curve25519 public key to which machines seal their requests."""
        return bytes(self._private.public_key)

    def open_sealed(self, sealed: bytes) -> bytes:
        """Open a sealed request.

        Raises:
            CirculationError: it was not sealed for this installation, or was changed.
        """
        try:
            return SealedBox(self._private).decrypt(sealed)
        except (CryptoError, ValueError, TypeError):
            raise CirculationError("sealed_unreadable", "this sealed request cannot be opened here") from None

    def keyed(self, purpose: str, text: str) -> str:
        """Keyed hash of a text for one purpose, as hex."""
        return hmac.new(self._key, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()

    def keep(self, purpose: str, text: str) -> str:
        """Encrypt a text that has to be read again, for one purpose; the database alone does not give it away."""
        return SecretBox(self._kept_under(purpose)).encrypt(text.encode(), encoder=Base64Encoder).decode("ascii")

    def kept(self, purpose: str, sealed: str) -> str:
        """What ``keep`` was given.

        Raises:
            CirculationError: it was encrypted with another server's key or for another purpose, or was changed.
        """
        try:
            return SecretBox(self._kept_under(purpose)).decrypt(sealed.encode(), encoder=Base64Encoder).decode()
        except (CryptoError, ValueError, TypeError):
            detail = "this secret was stored with another key than the one in the secrets folder; enter it again"
            raise CirculationError("secret_unreadable", detail, 409) from None

    def _kept_under(self, purpose: str) -> bytes:
        size = SecretBox.KEY_SIZE
        return hashlib.blake2b(purpose.encode(), key=self._key, digest_size=size, person=_KEEPING).digest()

    def hash_pin(self, pin: str, patron: str) -> str:
        """What is stored of a PIN."""
        with self._slots:
            return self._hasher.hash(self._keyed_pin(pin, patron))

    def pin_fits(self, stored: str | None, pin: str, patron: str) -> bool:
        """Compare; takes as long for a card nobody has (``stored`` None) as for any other."""
        return self._fits(stored, self._keyed_pin(pin, patron))

    def hash_password(self, password: str) -> str:
        """What is stored of a member of staff's password."""
        with self._slots:
            return self._hasher.hash(password)

    def password_fits(self, stored: str | None, password: str) -> bool:
        """Compare; takes as long for somebody who is not there (``stored`` None) as for anybody else."""
        return self._fits(stored, password)

    def _fits(self, stored: str | None, secret: str | bytes) -> bool:
        with self._slots:
            try:
                fits = self._hasher.verify(stored or self._dummy, secret)
            except (VerificationError, InvalidHashError):
                return False
        return bool(fits) and stored is not None

    def _keyed_pin(self, pin: str, patron: str) -> bytes:
        return hmac.new(self._key, f"pin\0{patron}\0{pin}".encode(), hashlib.sha256).digest()


def _file(path: Path, size: int) -> bytes:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _existing(path, size)
    with os.fdopen(handle, "wb") as file:
        value = secrets.token_bytes(size)
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    return value


def _existing(path: Path, size: int) -> bytes:
    if path.stat().st_mode & 0o077:
        raise CirculationError("secrets", f"{path} can be read by others: chmod 600 {path}")
    value = path.read_bytes()
    if len(value) != size:
        raise CirculationError("secrets", f"{path} is damaged: {size} bytes are expected; restore it from the backup")
    return value


def can_be_pin(text: str) -> bool:
    """Whether a text can be a PIN: digits, as many as are typed at a machine."""
    return text.isascii() and text.isdigit() and SHORTEST_PIN <= len(text) <= LONGEST_PIN


def new_token() -> str:
    """An unguessable token."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token that is random already."""
    return hashlib.sha256(token.encode()).hexdigest()
