"""A gateway reserves, takes and gives back money. Its answer is yes, no or unknown; it never raises for one."""

from __future__ import annotations

import asyncio
import base64
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from services.payments.means import Account, Means
from shared.asgi import Client, Response
from shared.contracts.payments import Answer

TIMEOUT = 30.0
_PATIENCE = 10.0
"""Seconds that somebody who tests a gateway waits."""
_NEVER_MADE = "ringup-test"


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
    """``reference`` is ours and stable. ``idempotent``: the same reference sent again is one request, however often.

    ``credentials`` are as they were typed in; empty where there are none. A bank account is charged only where the gateway takes eChecks:
    authorised is checked and accepted, and the capture sends the debit.
    """

    idempotent: bool

    async def authorise(self, reference: str, amount: int, currency: str, means: Means, credentials: str = "") -> Said: ...

    async def capture(self, reference: str, authorisation: str, amount: int, credentials: str = "") -> Said: ...

    async def void(self, reference: str, authorisation: str, credentials: str = "") -> Said: ...

    async def lookup(self, reference: str, credentials: str = "") -> Said:
        """What became of a request; ``never-heard`` where they know nothing of it."""

    async def trouble(self, credentials: str = "") -> str:
        """Asks about a request that was never made: what is wrong, as a sentence, or empty where it answers as it must."""


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

    async def authorise(self, reference: str, amount: int, currency: str, means: Means, credentials: str = "") -> Said:
        body = {"reference": reference, "amount": amount, "currency": currency}
        if isinstance(means, Account):
            account = {"routing": means.routing, "account": means.number, "kind": means.kind, "holder": means.holder}
            return await self._ask("POST", "/echeck", reference, credentials, body | account)
        card = {"number": means.number, "expiry": means.expiry, "cvv": means.cvv}
        return await self._ask("POST", "/authorize", reference, credentials, body | card)

    async def capture(self, reference: str, authorisation: str, amount: int, credentials: str = "") -> Said:
        body = {"reference": reference, "authorization": authorisation, "amount": amount}
        return await self._ask("POST", "/capture", reference, credentials, body)

    async def void(self, reference: str, authorisation: str, credentials: str = "") -> Said:
        return await self._ask("POST", "/void", reference, credentials, {"reference": reference, "authorization": authorisation})

    async def lookup(self, reference: str, credentials: str = "") -> Said:
        return await self._ask("GET", f"/lookup/{reference}", reference, credentials)

    async def trouble(self, credentials: str = "") -> str:
        try:
            async with asyncio.timeout(min(self._timeout, _PATIENCE)):
                response = await self._client.request("GET", f"/lookup/{_NEVER_MADE}", headers=_authorization(credentials))
        except TimeoutError:
            return "It does not answer in time."
        except Exception:  # whatever went wrong over there is what was asked about
            return "It cannot be reached."
        if response.status == 401:
            return "It does not accept these credentials." if credentials else "It wants credentials."
        try:
            return "" if _said(response, _NEVER_MADE).answer == "never-heard" else f"It answers {response.status}, which is not what it should say."
        except ValueError:
            return "Its answer cannot be read."

    async def _ask(self, method: str, path: str, reference: str, credentials: str, json: Any = None) -> Said:
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.request(method, path, json=json, headers=_authorization(credentials))
            return _said(response, reference)
        except Exception:  # whatever went wrong over there, we don't know what they did
            return UNKNOWN


def _authorization(credentials: str) -> dict[str, str]:
    """In base64, since a header cannot carry every character."""
    return {"authorization": f"Basic {base64.b64encode(f'ringup:{credentials}'.encode()).decode()}"} if credentials else {}


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
