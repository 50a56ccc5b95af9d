"""Credentials of gateways: typed in once, encrypted, and shown to nobody again; events and answers name them by reference."""

from __future__ import annotations

import base64
import hmac
import json

from services.payments.gateways.protocol import Secrets
from services.payments.gateways.simulator import PASSWORD
from services.payments.records import Records

_KIND = "credentials"


class Credentials:
    """``key``, 32 bytes, makes the references. Raises Unavailable."""

    def __init__(self, records: Records, key: bytes) -> None:
        self._records = records
        self._key = key

    def reference(self, gateway: str, command_id: str, secrets: Secrets) -> str:
        """The same for a repeat of the same command, another one where its key comes again with another secret."""
        made = hmac.digest(self._key, f"reference\n{gateway}\n{command_id}\n{_packed(secrets)}".encode(), "sha256")[:12]
        return f"{gateway}/{base64.urlsafe_b64encode(made).decode()}"

    async def keep(self, reference: str, secrets: Secrets) -> None:
        await self._records.put(_KIND, reference, _packed(secrets).encode())

    async def find(self, reference: str) -> Secrets:
        """Empty for what is not kept, or does not open any more."""
        text = await self._records.get(_KIND, reference) if reference else None
        return _unpacked(text.decode()) if text else {}

    async def forget(self, reference: str) -> None:
        await self._records.delete(_KIND, reference)


def _packed(secrets: Secrets) -> str:
    return json.dumps(secrets, sort_keys=True)


def _unpacked(text: str) -> Secrets:
    """Once there was one of each gateway, and it was kept as it was typed."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {PASSWORD: text}
