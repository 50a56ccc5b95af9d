"""Card and bank account data, encrypted: for the one attempt that it was given for, and gone with its outcome; or kept for its customer."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.payments.means import Account, Card, Means, brand, expiry, packed, unpacked
from services.payments.records import Records
from shared.contracts.payments import Instrument

LIFETIME = timedelta(minutes=15)
_TOKENS = "tokens"
_STORED = "vault"


@dataclass(frozen=True, slots=True)
class Token:
    """What it stands for, and for which order and whom."""

    means: Means
    order_id: str
    actor: str
    expires_at: datetime


About = Callable[[str, Token], Awaitable[bool]]


class Vault:
    """``fingerprint_key``, 32 bytes, is the same whichever key the records are under, and never lies in the data folder. Raises Unavailable."""

    def __init__(self, records: Records, fingerprint_key: bytes) -> None:
        self._records = records
        self._fingerprint_key = fingerprint_key

    def instrument(self, means: Means) -> Instrument:
        said = f"{means.routing}/{means.number}" if isinstance(means, Account) else means.number
        fingerprint = hmac.digest(self._fingerprint_key, said.encode(), "sha256").hex()[:32]
        return Instrument(brand=brand(means), last4=means.number[-4:], expiry=expiry(means), fingerprint=fingerprint)

    # Tokens

    def token(self, order_id: str, actor: str, command_id: str, means: Means) -> str:
        """The same for a repeat of the same command, and for nothing else."""
        return f"tok_{self._made('token', order_id, actor, command_id, self.instrument(means).fingerprint, expiry(means))}"

    async def keep(self, token: str, kept: Token) -> None:
        told = {"order_id": kept.order_id, "actor": kept.actor, "expires_at": kept.expires_at.isoformat()}
        await self._put(_TOKENS, token, {**packed(kept.means), **told})

    async def find(self, token: str) -> Token | None:
        """None for what was never kept, is forgotten, or does not open any more."""
        record = await self._get(_TOKENS, token)
        if record is None:
            return None
        return Token(unpacked(record), record["order_id"], record["actor"], datetime.fromisoformat(record["expires_at"]))

    async def without_code(self, token: str, kept: Token) -> None:
        """Where there is no outcome yet, and nobody will be asked to charge it any more."""
        if isinstance(kept.means, Card) and kept.means.cvv:
            await self.keep(token, replace(kept, means=replace(kept.means, cvv="")))

    async def forget(self, token: str) -> None:
        await self._records.delete(_TOKENS, token)

    async def tokens(self) -> list[tuple[str, Token | None]]:
        return [(token, await self.find(token)) for token in await self._records.ids(_TOKENS)]

    # Stored instruments

    def reference(self, customer_id: str, means: Means) -> str:
        """Says whose it is, and is the same for the same card or account of the same customer."""
        return self.named(customer_id, self.instrument(means).fingerprint)

    def named(self, customer_id: str, fingerprint: str) -> str:
        """The reference of the customer's instrument with this fingerprint, whether it is stored or not."""
        return f"ins_{customer_id}_{self._made('instrument', customer_id, fingerprint)}"

    async def store(self, reference: str, means: Means) -> None:
        """Never with a security code."""
        await self._put(_STORED, reference, {name: "" if name == "cvv" else value for name, value in packed(means).items()})

    async def stored(self, reference: str) -> Means | None:
        record = await self._get(_STORED, reference)
        return unpacked(record) if record else None

    async def remove(self, reference: str) -> None:
        await self._records.delete(_STORED, reference)

    # Records

    def _made(self, *parts: str) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self._fingerprint_key, "\n".join(parts).encode(), "sha256")[:24]).decode()

    async def _put(self, kind: str, id: str, record: dict[str, Any]) -> None:
        await self._records.put(kind, id, json.dumps(record).encode())

    async def _get(self, kind: str, id: str) -> dict[str, Any] | None:
        """Bound to its id, and so to its customer: moved to another one it does not open."""
        text = await self._records.get(kind, id)
        if text is None:
            return None
        record: dict[str, Any] = json.loads(text)
        return record


def is_stored(payment: str) -> bool:
    """A reference to a stored instrument, not a token."""
    return payment.startswith("ins_")


def belongs(reference: str, customer_id: str) -> bool:
    return bool(customer_id) and reference.startswith(f"ins_{customer_id}_")
