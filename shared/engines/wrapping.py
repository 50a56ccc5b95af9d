"""How a keyring wraps its data keys by the installation's master key, whichever engine keeps them."""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.kernel.errors import Unavailable


class Wrapping:
    """``masters``: newest first. The newest wraps; older ones still open what was wrapped before a rotation."""

    def __init__(self, masters: Sequence[bytes], store: str) -> None:
        self._store = store
        self._ciphers = [AESGCM(hmac.digest(master, b"keyring", "sha256")) for master in masters]

    def new_key(self, name: str) -> bytes:
        """A key that was just made, wrapped."""
        return self.wrap(name, AESGCM.generate_key(256))

    def wrap(self, name: str, key: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._ciphers[0].encrypt(nonce, key, name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Raises Unavailable where none of the master keys fits: that is never an erasure."""
        key, _ = self._opened(name, wrapped)
        return key

    def rewrapped(self, name: str, wrapped: bytes) -> bytes | None:
        """The same key under the newest master key; None where it is already. Raises Unavailable."""
        key, age = self._opened(name, wrapped)
        return self.wrap(name, key) if age else None

    def _opened(self, name: str, wrapped: bytes) -> tuple[bytes, int]:
        for age, cipher in enumerate(self._ciphers):
            try:
                return cipher.decrypt(wrapped[:12], wrapped[12:], name.encode()), age
            except InvalidTag:
                continue
        raise Unavailable(f"The master key does not fit {self._store}; point RINGUP_KEY_FILE to the one this data was made with.")
