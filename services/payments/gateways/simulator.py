"""The simulator as a gateway like any other."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.payments.gateways.kinds import NOT_BY_PHONE, Kind, Secret, Surroundings
from services.payments.gateways.protocol import SETTLES, TIMEOUT, UNKNOWN, Charge, FollowUp, Heard, Listed, NoList, NotTheirs, Question, Said, Secrets
from services.payments.means import Account
from shared.asgi import Client, Response

_PATIENCE = 10.0
"""Seconds that somebody who tests a gateway waits."""
_NEVER_MADE = "ringup-test"
PASSWORD = "password"  # noqa: S105 - the name of it


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
    askable = True
    settles = SETTLES

    def __init__(self, client: Client, timeout: float = TIMEOUT) -> None:
        self._client = client
        self._timeout = timeout

    async def authorise(self, charge: Charge, secrets: Secrets) -> Said:
        body, means = {"reference": charge.reference, "amount": charge.amount, "currency": charge.currency}, charge.means
        if isinstance(means, Account):
            account = {"routing": means.routing, "account": means.number, "kind": means.kind, "holder": means.holder}
            return await self._ask("POST", "/echeck", charge.reference, secrets, body | account)
        card = {"number": means.number, "expiry": means.expiry, "cvv": means.cvv}
        return await self._ask("POST", "/authorize", charge.reference, secrets, body | card)

    async def capture(self, asked: FollowUp, secrets: Secrets) -> Said:
        body = {"reference": asked.reference, "authorization": asked.authorisation, "amount": asked.amount}
        return await self._ask("POST", "/capture", asked.reference, secrets, body)

    async def void(self, asked: FollowUp, secrets: Secrets) -> Said:
        body = {"reference": asked.reference, "authorization": asked.authorisation}
        return await self._ask("POST", "/void", asked.reference, secrets, body)

    async def refund(self, asked: FollowUp, secrets: Secrets) -> Said:
        body = {"reference": asked.reference, "authorization": asked.authorisation, "amount": asked.amount}
        return await self._ask("POST", "/refund", asked.reference, secrets, body)

    async def lookup(self, question: Question, secrets: Secrets) -> Said:
        return await self._ask("GET", f"/lookup/{question.reference}", question.reference, secrets)

    async def listed(self, day: date, secrets: Secrets) -> AsyncIterator[Listed]:
        raise NoList("The simulator lists nothing yet.")
        yield

    async def hear(self, headers: Mapping[str, str], body: bytes, secrets: Secrets) -> Sequence[Heard]:
        raise NotTheirs

    async def trouble(self, secrets: Secrets) -> str:
        try:
            async with asyncio.timeout(min(self._timeout, _PATIENCE)):
                response = await self._client.request("GET", f"/lookup/{_NEVER_MADE}", headers=_authorization(secrets))
        except TimeoutError:
            return "It does not answer in time."
        except Exception:  # whatever went wrong over there is what was asked about
            return "It cannot be reached."
        if response.status == 401:
            return "It does not accept these credentials." if secrets else "It wants credentials."
        try:
            return "" if _said(response, _NEVER_MADE).answer == "never-heard" else f"It answers {response.status}, which is not what it should say."
        except ValueError:
            return "Its answer cannot be read."

    async def _ask(self, method: str, path: str, reference: str, secrets: Secrets, json: Any = None) -> Said:
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.request(method, path, json=json, headers=_authorization(secrets))
            return _said(response, reference)
        except Exception:  # whatever went wrong over there, we don't know what they did
            return UNKNOWN


def _authorization(secrets: Secrets) -> dict[str, str]:
    """In base64, since a header cannot carry every character."""
    password = secrets.get(PASSWORD, "")
    return {"authorization": f"Basic {base64.b64encode(f'ringup:{password}'.encode()).decode()}"} if password else {}


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


def _make(around: Surroundings) -> SimulatorGateway:
    return SimulatorGateway(around.simulator())


KIND = Kind(
    "Simulator",
    frozenset(("authorise", "capture", "void", "refund")),
    NOT_BY_PHONE | {"ach"},
    (Secret(PASSWORD, "Password", "Only where the simulator runs by itself and was started with RINGUP_SIMULATOR_CREDENTIALS."),),
    make=_make,
)
