"""A gateway reserves, takes and gives back money. Its answer is yes, no or unknown; it never raises for one."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from services.payments.vault import Card
from shared.asgi import Client, Response
from shared.contracts.payments import Answer

TIMEOUT = 30.0


class Said(BaseModel):
    """``reference`` is theirs; ``amount`` is what a request was about, where they say so."""

    model_config = ConfigDict(frozen=True)

    answer: Answer
    reason: str = ""
    reference: str = ""
    avs: str = ""
    cvv: str = ""
    amount: int | None = None


UNKNOWN = Said(answer="unknown")
MISFIT = Said(answer="unknown", reason="does-not-fit")
"""They did something else under this reference than the order wants."""


class Gateway(Protocol):
    """``reference`` is ours and stable. ``idempotent``: the same reference sent again is one request, however often."""

    idempotent: bool

    async def authorise(self, reference: str, amount: int, currency: str, card: Card) -> Said: ...

    async def capture(self, reference: str, authorisation: str, amount: int) -> Said: ...

    async def void(self, reference: str, authorisation: str) -> Said: ...

    async def lookup(self, reference: str) -> Said:
        """What became of a request; ``never-heard`` where they know nothing of it."""


class _Answer(BaseModel):
    """What the simulator answers with 200."""

    model_config = ConfigDict(strict=True)

    reference: str
    status: Literal["approved", "declined"]
    id: str
    reason: str = ""
    avs: str = ""
    cvv: str = ""
    amount: int | None = None


class SimulatorGateway:
    idempotent = True

    def __init__(self, client: Client, timeout: float = TIMEOUT) -> None:
        self._client = client
        self._timeout = timeout

    async def authorise(self, reference: str, amount: int, currency: str, card: Card) -> Said:
        details = {"number": card.number, "expiry": card.expiry, "cvv": card.cvv}
        return await self._ask("POST", "/authorize", reference, {"reference": reference, "amount": amount, "currency": currency, **details})

    async def capture(self, reference: str, authorisation: str, amount: int) -> Said:
        return await self._ask("POST", "/capture", reference, {"reference": reference, "authorization": authorisation, "amount": amount})

    async def void(self, reference: str, authorisation: str) -> Said:
        return await self._ask("POST", "/void", reference, {"reference": reference, "authorization": authorisation})

    async def lookup(self, reference: str) -> Said:
        return await self._ask("GET", f"/lookup/{reference}", reference)

    async def _ask(self, method: str, path: str, reference: str, json: Any = None) -> Said:
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.request(method, path, json=json)
            return _said(response, reference)
        except Exception:  # whatever went wrong over there, we don't know what they did
            return UNKNOWN


def _said(response: Response, reference: str) -> Said:
    """Raises ValueError for an answer that is malformed or about something else."""
    if response.status == 404 and response.json() == {"status": "never-heard"}:
        return Said(answer="never-heard")
    if response.status != 200:
        return UNKNOWN
    answer = _Answer.model_validate(response.json())
    if answer.reference != reference:
        return UNKNOWN
    return Said(answer=answer.status, reason=answer.reason, reference=answer.id, avs=answer.avs, cvv=answer.cvv, amount=answer.amount)
