"""Secrets of plugins: typed in once, encrypted at rest, and shown to nobody again; events name them by reference."""

from __future__ import annotations

import base64
import hmac
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.fulfillment.plugins.protocol import Secrets
from shared.kernel.errors import Corrupt
from shared.kernel.ports import Blobs

_KIND = "plugins"
_NONCE = 12


class Safe:
    """``key``: 32 bytes. Raises Unavailable; Corrupt for secrets that are lost or do not open."""

    def __init__(self, blobs: Blobs, key: bytes) -> None:
        self._blobs = blobs
        self._key = key
        self._box = AESGCM(hmac.digest(key, b"box", "sha256"))

    def reference(self, plugin: str, command_id: str, secrets: Secrets) -> str:
        """The same for a repeat of the same command, another one where its key comes again with another secret."""
        made = hmac.digest(self._key, f"reference\n{plugin}\n{command_id}\n{_packed(secrets)}".encode(), "sha256")[:12]
        return f"{plugin}/{base64.urlsafe_b64encode(made).decode()}"

    async def keep(self, reference: str, secrets: Secrets) -> None:
        """Bound to its reference: moved to another one it does not open."""
        nonce = os.urandom(_NONCE)
        await self._blobs.put(_KIND, reference, nonce + self._box.encrypt(nonce, _packed(secrets).encode(), reference.encode()))

    async def find(self, reference: str) -> Secrets:
        """Empty where there are none."""
        if not reference:
            return {}
        data = await self._blobs.get(_KIND, reference) or b""
        try:
            found: Secrets = json.loads(self._box.decrypt(data[:_NONCE], data[_NONCE:], reference.encode()))
        except (InvalidTag, ValueError) as error:
            raise Corrupt(f"The secrets of the plugin {reference.partition('/')[0]} are lost or damaged. Type them in again.") from error
        return found

    async def forget(self, reference: str) -> None:
        await self._blobs.delete(_KIND, reference)


def _packed(secrets: Secrets) -> str:
    return json.dumps(secrets, sort_keys=True)
