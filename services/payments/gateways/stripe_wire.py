"""Stripe's API as it is on the wire: forms out, JSON in, one version of it. What was sent is in no exception and no log."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json

from services.payments.gateways.protocol import TIMEOUT, Secrets

__all__ = ["SECRET_KEY", "VERSION", "Error", "Event", "Intent", "Made", "Refund", "Refused", "Unanswered", "Wire"]

VERSION = "2026-08-26.dahlia"
SECRET_KEY = "secret_key"  # noqa: S105 - the name of it
_CONNECTS = 3.0
_MOST_A_PAGE = 100

Form = Sequence[tuple[str, str]]


class Unanswered(Exception):
    """Nobody knows what they did: the answer says why, where there is one."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _Checks(_Told):
    address_line1_check: str | None = None
    address_postal_code_check: str | None = None
    cvc_check: str | None = None


class _Card(_Told):
    checks: _Checks | None = None
    capture_before: int | None = None


class _Details(_Told):
    card: _Card | None = None


class _Outcome(_Told):
    type: str | None = None
    reason: str | None = None


class TheirCharge(_Told):
    """One try of a PaymentIntent."""

    id: str
    status: str = ""
    outcome: _Outcome | None = None
    payment_method_details: _Details | None = None

    @property
    def checks(self) -> _Checks:
        return (self.payment_method_details and self.payment_method_details.card and self.payment_method_details.card.checks) or _Checks()

    @property
    def blocked(self) -> bool:
        """By a rule against fraud, whatever the bank said or would have said."""
        outcome = self.outcome or _Outcome()
        return outcome.type == "blocked" and outcome.reason != "low_probability_of_authorization"

    @property
    def capture_before(self) -> int | None:
        """Unix time."""
        return self.payment_method_details.card.capture_before if self.payment_method_details and self.payment_method_details.card else None


class _Named(_Told):
    id: str


class Error(_Told):
    """``param`` names what of a request is wrong, and repeats none of it. Their message may, and is left where it is."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None
    param: str | None = None
    payment_intent: _Named | None = None


class Intent(_Told):
    """A PaymentIntent: what is reserved, taken or given back under one reference."""

    object: Literal["payment_intent"]
    id: str = Field(min_length=1)
    status: str
    amount: int
    amount_received: int = 0
    currency: str
    metadata: dict[str, str] | None = None
    latest_charge: TheirCharge | str | None = None
    """The charge itself where it was asked for; its id elsewhere."""
    last_payment_error: Error | None = None

    @property
    def reference(self) -> str:
        """Ours; empty on what others made."""
        return (self.metadata or {}).get("reference", "")

    @property
    def capture(self) -> str:
        """Our reference of it; empty where there was none, or it was done by hand."""
        return (self.metadata or {}).get("capture", "")

    @property
    def reserved(self) -> bool:
        """It was once; a charge that failed reserves nothing."""
        return bool(self.charge.id) and self.charge.status != "failed" and self.last_payment_error is None

    @property
    def charge(self) -> TheirCharge:
        charge = self.latest_charge
        return charge if isinstance(charge, TheirCharge) else TheirCharge(id=charge or "")


class Refund(_Told):
    object: Literal["refund"]
    id: str = Field(min_length=1)
    status: str | None = None
    amount: int
    currency: str
    metadata: dict[str, str] | None = None
    payment_intent: str | None = None
    failure_reason: str | None = None

    @property
    def reference(self) -> str:
        return (self.metadata or {}).get("reference", "")


class Made(_Told):
    """What only its id is needed of."""

    object: Literal["payment_method"]
    id: str = Field(min_length=1)


class _Request(_Told):
    idempotency_key: str | None = None


class _Data(_Told):
    object: dict[str, Any] = Field(repr=False)


class Event(_Told):
    object: Literal["event"]
    id: str = Field(min_length=1)
    type: str
    created: int
    request: _Request | None = None
    data: _Data

    @property
    def key(self) -> str:
        """The reference of the request that led here; empty where there was none, or it came from elsewhere."""
        return (self.request.idempotency_key if self.request else None) or ""


class _Page(_Told):
    object: Literal["list"]
    data: list[dict[str, Any]] = Field(repr=False)
    has_more: bool


T = TypeVar("T", Intent, Refund, Made, Event)


class Refused(Exception):
    """A definite answer, which is no. ``status`` is HTTP's."""

    def __init__(self, status: int, error: Error) -> None:
        super().__init__(f"{status} {error.code or error.type}")
        self.status, self.error = status, error


class _Failure(_Told):
    error: Error


class Wire:
    """Asks once: whoever asks again has to know what became of it first."""

    def __init__(self, url: str, timeout: float = TIMEOUT, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url, self._timeout, self._transport = url, timeout, transport

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        """Made when it is needed: what it reads of certificates costs memory where nobody has a gateway of Stripe's."""
        patience = httpx.Timeout(self._timeout, connect=min(self._timeout, _CONNECTS))
        return httpx.AsyncClient(base_url=self._url, timeout=patience, transport=self._transport)

    async def get(self, kind: type[T], path: str, secrets: Secrets, query: Form = ()) -> T:
        """Raises Refused, Unanswered, ValueError, and what httpx raises."""
        return kind.model_validate(await self._ask("GET", f"{path}?{httpx.QueryParams(list(query))}", secrets))

    async def post(self, kind: type[T], path: str, secrets: Secrets, form: Form, key: str) -> T:
        """``key``: the same one with the same form is one request for at least 24 hours, also where its answer was 500. Raises as ``get``."""
        body = str(httpx.QueryParams(list(form))).encode()
        return kind.model_validate(await self._ask("POST", path, secrets, body, {"idempotency-key": key}))

    async def every(self, kind: type[T], path: str, secrets: Secrets, query: Form = ()) -> AsyncIterator[T]:
        """All of a list, the newest first. Raises as ``get``."""
        after: Form = ()
        while True:
            asked = httpx.QueryParams([*query, ("limit", str(_MOST_A_PAGE)), *after])
            page = _Page.model_validate(await self._ask("GET", f"{path}?{asked}", secrets))
            found = [kind.model_validate(row) for row in page.data]
            for each in found:
                yield each
            if not page.has_more:
                return
            if not found:
                raise Unanswered("a page without rows that is not the last")
            after = (("starting_after", found[-1].id),)

    async def _ask(self, method: str, path: str, secrets: Secrets, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
        sent = {**_identity(secrets), **(headers or {}), "stripe-version": VERSION, "content-type": "application/x-www-form-urlencoded"}
        response = await self._client.request(method, path, content=body, headers=sent)
        if response.status_code == 200:
            return from_json(response.content)
        if 400 <= response.status_code < 500:
            raise Refused(response.status_code, _Failure.model_validate_json(response.content).error)
        raise Unanswered(f"{response.status_code}")


def _identity(secrets: Secrets) -> dict[str, str]:
    """In base64, since a header cannot carry every character."""
    credentials = f"{secrets.get(SECRET_KEY, '')}:".encode()
    return {"authorization": f"Basic {base64.b64encode(credentials).decode()}"}
