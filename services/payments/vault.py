"""Card data for the one attempt that it was given for, encrypted, and gone once the attempt has an outcome."""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.payments.card import brand_of
from shared.contracts.payments import Instrument
from shared.kernel.ports import Blobs

log = structlog.get_logger()

LIFETIME = timedelta(minutes=15)
_KIND = "tokens"


@dataclass(frozen=True, slots=True)
class Card:
    """Its number, code and holder are in no representation, so in no log and no traceback."""

    number: str = field(repr=False)
    expiry: str = field(repr=False)
    cvv: str = field(repr=False)
    holder: str = field(repr=False)
    order_id: str
    actor: str
    expires_at: datetime


About = Callable[[str, Card], Awaitable[bool]]
"""Says something about a token and its card."""


class Vault:
    """Both keys, 32 bytes each, never lie in the data folder. Raises Unavailable."""

    def __init__(self, blobs: Blobs, key: bytes, fingerprint_key: bytes) -> None:
        self._blobs = blobs
        self._cipher = AESGCM(key)
        self._fingerprint_key = fingerprint_key

    def token(self, order_id: str, actor: str, command_id: str, number: str, expiry: str) -> str:
        """The same for a repeat of the same command, and for nothing else."""
        said = "\n".join(("token", order_id, actor, command_id, self.instrument(number, expiry).fingerprint, expiry))
        return "tok_" + base64.urlsafe_b64encode(hmac.digest(self._fingerprint_key, said.encode(), "sha256")[:24]).decode()

    async def keep(self, token: str, card: Card) -> None:
        plain = json.dumps({**asdict(card), "expires_at": card.expires_at.isoformat()}).encode()
        nonce = os.urandom(12)
        await self._blobs.put(_KIND, token, nonce + self._cipher.encrypt(nonce, plain, token.encode()))

    async def card(self, token: str) -> Card | None:
        """None for what was never kept, is forgotten, or does not open any more."""
        data = await self._blobs.get(_KIND, token)
        if data is None:
            return None
        try:
            record = json.loads(self._cipher.decrypt(data[:12], data[12:], token.encode()))
        except (InvalidTag, ValueError):
            log.error("token.damaged")
            return None
        return Card(**{**record, "expires_at": datetime.fromisoformat(record["expires_at"])})

    async def forget(self, token: str) -> None:
        await self._blobs.delete(_KIND, token)

    async def sweep(self, now: datetime, in_use: About, done: About) -> None:
        """Forget what an attempt without an outcome does not use, once it is too old to be used or nothing may be charged to it any more."""
        for token in await self._blobs.ids(_KIND):
            card = await self.card(token)
            if card is None or ((now > card.expires_at or await done(token, card)) and not await in_use(token, card)):
                await self.forget(token)

    def instrument(self, number: str, expiry: str) -> Instrument:
        fingerprint = hmac.digest(self._fingerprint_key, number.encode(), "sha256").hex()[:32]
        return Instrument(brand=brand_of(number), last4=number[-4:], expiry=expiry, fingerprint=fingerprint)
