"""The simulator as a gateway like any other."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from services.payments.gateways.kinds import NOT_BY_PHONE, Kind, Secret, Surroundings
from services.payments.gateways.protocol import (
    SETTLES,
    TIMEOUT,
    UNKNOWN,
    Charge,
    FollowUp,
    Heard,
    Listed,
    NoList,
    NotTheirs,
    Operation,
    Question,
    Said,
    Secrets,
    fitting,
)  # fmt: skip
from services.payments.means import Account
from shared.asgi import Client, Response
from shared.kernel.codec import stamp
from shared.service import utc_now
from shared.webhooks import is_signed, secret_of

_PATIENCE = 10.0
"""Seconds that somebody who tests a gateway waits."""
_NEVER_MADE = "ringup-test"
PASSWORD, HOOK = "password", "hook"


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
    expires_at: datetime | None = Field(default=None, strict=False)


class _Entry(BaseModel):
    """What it lists; the other fields of its ledger are its own."""

    model_config = ConfigDict(strict=True)

    kind: Literal["authorize", "capture", "void", "refund", "return"]
    reference: str
    amount: int
    currency: str = ""
    status: str
    id: str = ""
    at: datetime = Field(strict=False)


class _Return(BaseModel):
    model_config = ConfigDict(strict=True)

    reference: str
    code: str
    amount: int


class _Call(BaseModel):
    type: str
    data: _Return


_LIST, _RETURNS = TypeAdapter(list[_Entry]), TypeAdapter(list[_Return])


class SimulatorGateway:
    idempotent = True
    askable = True
    settles = SETTLES
    polls = timedelta(seconds=5)

    def __init__(self, client: Client, timeout: float = TIMEOUT, clock: Callable[[], datetime] = utc_now) -> None:
        self._client = client
        self._timeout = timeout
        self._clock = clock

    async def authorise(self, charge: Charge, secrets: Secrets) -> Said:
        body, means = {"reference": charge.reference, "amount": charge.amount, "currency": charge.currency}, charge.means
        if isinstance(means, Account):
            account = {"routing": means.routing, "account": means.number, "kind": means.kind, "holder": means.holder}
            return await self._ask("POST", "/echeck", charge.reference, secrets, body | account, charge.amount)
        card = {"number": means.number, "expiry": means.expiry, "cvv": means.cvv}
        return await self._ask("POST", "/authorize", charge.reference, secrets, body | card, charge.amount)

    async def capture(self, asked: FollowUp, secrets: Secrets) -> Said:
        body = {"reference": asked.reference, "authorization": asked.authorisation, "amount": asked.amount}
        return await self._ask("POST", "/capture", asked.reference, secrets, body, asked.amount)

    async def void(self, asked: FollowUp, secrets: Secrets) -> Said:
        body = {"reference": asked.reference, "authorization": asked.authorisation}
        return await self._ask("POST", "/void", asked.reference, secrets, body)

    async def refund(self, asked: FollowUp, secrets: Secrets) -> Said:
        body = {"reference": asked.reference, "authorization": asked.authorisation, "amount": asked.amount}
        return await self._ask("POST", "/refund", asked.reference, secrets, body, asked.amount)

    async def lookup(self, question: Question, secrets: Secrets) -> Said:
        return await self._ask("GET", f"/lookup/{question.reference}", question.reference, secrets)

    async def listed(self, day: date, secrets: Secrets) -> AsyncIterator[Listed]:
        for entry in _LIST.validate_json(await self._got(f"/list?day={day.isoformat()}", secrets)):
            if entry.kind != "return":
                operation: Operation = "authorise" if entry.kind == "authorize" else entry.kind
                yield Listed(entry.reference, operation, entry.amount, entry.currency, entry.status == "approved", entry.at, entry.id)

    async def news(self, since: datetime, secrets: Secrets) -> Sequence[Heard]:
        found = _RETURNS.validate_json(await self._got(f"/returns?since={quote(stamp(since))}", secrets))
        return [Heard("returned", each.reference, code=each.code, amount=each.amount) for each in found]

    async def _got(self, path: str, secrets: Secrets) -> bytes:
        """Raises NoList."""
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.request("GET", path, headers=_authorization(secrets))
        except Exception as error:
            raise NoList("The simulator cannot be reached.") from error
        if response.status != 200:
            raise NoList(f"The simulator answers {response.status}.")
        return response.body

    async def hear(self, headers: Mapping[str, str], body: bytes, secrets: Secrets) -> Sequence[Heard]:
        try:
            believed = is_signed(secret_of(secrets.get(HOOK, "")), headers, body, self._clock())
            call = _Call.model_validate_json(body) if believed else None
        except ValueError as error:
            raise NotTheirs from error
        if call is None:
            raise NotTheirs
        return [Heard("returned", call.data.reference, code=call.data.code, amount=call.data.amount)] if call.type == "debit.returned" else []

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

    async def _ask(self, method: str, path: str, reference: str, secrets: Secrets, json: Any = None, amount: int | None = None) -> Said:
        """Where it did something else than ``amount`` that is no answer to what was asked."""
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.request(method, path, json=json, headers=_authorization(secrets))
            said = _said(response, reference)
        except Exception:  # whatever went wrong over there, we don't know what they did
            return UNKNOWN
        return said if amount is None else fitting(said, amount)


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
    told = {"reference": answer.id, "avs": answer.avs, "cvv": answer.cvv, "amount": answer.amount, "expires_at": answer.expires_at}
    return Said(answer=answer.status, reason=answer.reason, **told)


def _make(around: Surroundings) -> SimulatorGateway:
    return SimulatorGateway(around.simulator(), clock=around.clock)


KIND = Kind(
    "Simulator",
    frozenset(("authorise", "capture", "void", "refund")),
    NOT_BY_PHONE | {"ach"},
    (
        Secret(PASSWORD, "Password", "Only where the simulator runs by itself and was started with RINGUP_SIMULATOR_CREDENTIALS."),
        Secret(
            HOOK,
            "Secret of its calls",
            "whsec_ and base64, as in its RINGUP_SIMULATOR_HOOK_SECRET: by it the simulator tells that a debit came back.",
        ),
    ),
    make=_make,
)
