"""Credentials of gateways: typed in once, encrypted, and shown to nobody again; events and answers name them by reference."""

from __future__ import annotations

import base64
import hmac
import json
import os

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.payments.gateways.protocol import Secrets
from services.payments.gateways.simulator import PASSWORD
from shared.kernel.ports import Blobs

log = structlog.get_logger()

_KIND = "credentials"


class Credentials:
    """The key, 32 bytes, never lies in the data folder. Raises Unavailable."""

    def __init__(self, blobs: Blobs, key: bytes) -> None:
        self._blobs = blobs
        self._cipher = AESGCM(key)
        self._key = key

    def reference(self, gateway: str, command_id: str, secrets: Secrets) -> str:
        """The same for a repeat of the same command, another one where its key comes again with another secret."""
        made = hmac.digest(self._key, f"reference\n{gateway}\n{command_id}\n{_packed(secrets)}".encode(), "sha256")[:12]
        return f"{gateway}/{base64.urlsafe_b64encode(made).decode()}"

    async def keep(self, reference: str, secrets: Secrets) -> None:
        nonce = os.urandom(12)
        await self._blobs.put(_KIND, reference, nonce + self._cipher.encrypt(nonce, _packed(secrets).encode(), reference.encode()))

    async def find(self, reference: str) -> Secrets:
        """Empty for what is not kept, or does not open any more."""
        data = await self._blobs.get(_KIND, reference) if reference else None
        if data is None:
            return {}
        try:
            return _unpacked(self._cipher.decrypt(data[:12], data[12:], reference.encode()).decode())
        except (InvalidTag, ValueError):
            log.error("credentials.damaged", reference=reference)
            return {}

    async def forget(self, reference: str) -> None:
        await self._blobs.delete(_KIND, reference)


def _packed(secrets: Secrets) -> str:
    return json.dumps(secrets, sort_keys=True)


def _unpacked(text: str) -> Secrets:
    """Once there was one of each gateway, and it was kept as it was typed."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {PASSWORD: text}
