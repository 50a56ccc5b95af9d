"""The simulator's HTTP: authorize, echeck, capture, void, refund, lookup, ledger. Every call is idempotent by its reference.

Any other number that passes Luhn is approved, 4242424242424242 and 4111111111111111 among them; and so is any other bank account,
by whichever routing number. A full number or a security code is answered, logged and kept nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from services.payments.simulator.ledger import Entry, Ledger

DECLINES = {
    "4000000000000002": "do-not-honour",
    "4000000000009995": "insufficient-funds",
    "4000000000000069": "expired-card",
    "4000000000000127": "wrong-cvv",
    "4000000000009979": "pick-up-card",
}
LOST_BEFORE = "4000000000000119"
"""Times out (504) before anything is charged; the same request again is approved."""
LOST_AFTER = "4000000000000259"
"""Charges, and times out (504) before it can say so."""
MALFORMED = "4000000000000341"
"""Charges, and answers what nobody can read."""
SLOW = "4000000000000077"
"""Approves after two seconds."""

UNREACHABLE = "4000000000000309"
"""Times out, and so does every question about it: the outcome stays unknown while this process lives."""

ACCOUNT_DECLINES = {
    "1000000002": "account-closed",
    "1000000003": "account-not-found",
    "1000000004": "insufficient-funds",
    "1000000005": "debits-blocked",
}
ACCOUNT_LOST_AFTER = "1000000006"
"""Accepts, and times out (504) before it can say so."""
ACCOUNT_BOUNCES = "1000000007"
"""Accepts, and refuses the debit (capture)."""

Reference = Annotated[str, Field(min_length=1, max_length=100)]


class Wanted(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    reference: Reference
    amount: int = Field(gt=0)
    currency: str = Field(min_length=3, max_length=3)


class Authorize(Wanted):
    """Without a security code: by a card on file."""

    number: str = Field(repr=False, max_length=19)
    expiry: str = Field(max_length=5)
    cvv: str = Field(repr=False, max_length=4)


class ECheck(Wanted):
    routing: str = Field(repr=False, pattern=r"^\d{9}$")
    account: str = Field(repr=False, pattern=r"^\d{4,17}$")
    kind: Literal["checking", "savings"]
    holder: str = Field(default="", max_length=255)


class Void(BaseModel):
    reference: Reference
    authorization: Reference


class Capture(Void):
    amount: int = Field(gt=0)


class _Refused(Exception):
    """The credentials are not right."""


def simulator(path: Path, credentials: str = "") -> FastAPI:
    """Keeps its ledger at ``path``; with credentials it answers nobody who does not send them. Raises OSError, Corrupt."""
    locked = [Depends(_lock(credentials))] if credentials else []
    app = FastAPI(title="Ringup simulator gateway", openapi_url=None, docs_url=None, redoc_url=None, dependencies=locked)
    ledger = Ledger(path)
    app.state.ledger = ledger
    unreachable: set[str] = set()
    _answer_errors(app)
    _authorise(app, ledger, unreachable)

    @app.post("/capture")
    async def capture(body: Capture) -> JSONResponse:
        return JSONResponse(await ledger.add(_follow_up(ledger, body, "capture", body.amount)))

    @app.post("/void")
    async def void(body: Void) -> JSONResponse:
        return JSONResponse(await ledger.add(_follow_up(ledger, body, "void")))

    @app.post("/refund")
    async def refund(body: Capture) -> JSONResponse:
        return JSONResponse(await ledger.add(_follow_up(ledger, body, "refund", body.amount)))

    @app.get("/lookup/{reference}")
    async def lookup(reference: str) -> Any:
        if reference in unreachable:
            return Response(status_code=504)
        return await ledger.find(reference) or JSONResponse({"status": "never-heard"}, 404)

    @app.get("/health/live")
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ledger")
    async def everything() -> list[Entry]:
        return list(ledger.entries.values())

    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [".".join(map(str, each["loc"][1:])) for each in error.errors()]
        return JSONResponse({"status": "invalid", "fields": fields}, 422)

    @app.exception_handler(_Refused)
    async def refused(request: Request, error: _Refused) -> JSONResponse:
        return JSONResponse({"status": "refused"}, 401, {"www-authenticate": "Basic"})


def _authorise(app: FastAPI, ledger: Ledger, unreachable: set[str]) -> None:
    """``unreachable`` gets the references that nothing will be said about."""
    lost: set[str] = set()

    @app.post("/authorize")
    async def authorize(body: Authorize) -> Response:
        if body.number == UNREACHABLE:
            unreachable.add(body.reference)
            return Response(status_code=504)
        if body.number == LOST_BEFORE and body.reference not in lost and body.reference not in ledger.entries:
            lost.add(body.reference)
            return Response(status_code=504)
        if body.number == SLOW:
            await asyncio.sleep(2)
        entry = await ledger.add(_authorization(body))
        if body.number == LOST_AFTER:
            return Response(status_code=504)
        return Response("?") if body.number == MALFORMED else JSONResponse(entry)

    @app.post("/echeck")
    async def echeck(body: ECheck) -> Response:
        reason = ACCOUNT_DECLINES.get(body.account, "")
        said = {"method": "echeck", "last4": body.account[-4:], "bounces": body.account == ACCOUNT_BOUNCES}
        entry = await ledger.add(_authorized(body, reason, said))
        return Response(status_code=504) if body.account == ACCOUNT_LOST_AFTER else JSONResponse(entry)


def _lock(credentials: str) -> Callable[[Request], Awaitable[None]]:
    wanted = f"Basic {base64.b64encode(f'ringup:{credentials}'.encode()).decode()}".encode()

    async def checked(request: Request) -> None:
        """Raises _Refused."""
        given = request.headers.get("authorization", "").encode()
        if request.url.path != "/health/live" and not hmac.compare_digest(given, wanted):
            raise _Refused

    return checked


def _authorization(body: Authorize) -> Entry:
    reason = DECLINES.get(body.number, "")
    cvv = ("N" if reason == "wrong-cvv" else "M") if body.cvv else "P"
    return _authorized(body, reason, {"last4": body.number[-4:], "avs": "Y", "cvv": cvv})


def _authorized(body: Wanted, reason: str, said: Entry) -> Entry:
    return {
        "kind": "authorize",
        "reference": body.reference,
        "status": "declined" if reason else "approved",
        "reason": reason,
        "amount": body.amount,
        "currency": body.currency,
        "id": f"sim-{body.reference}",
        **said,
    }


def _follow_up(ledger: Ledger, body: Void, kind: str, amount: int = 0) -> Entry:
    """Refused: the capture of what was voided or of more than is left of the authorisation, the void of what was captured, and the refund of more
    than was captured and has not gone back yet."""
    authorized = ledger.entries.get(body.authorization, {})
    earlier = [e for e in ledger.of(body.authorization) if e["status"] == "approved" and e["reference"] != body.reference]
    done = {each: sum(e["amount"] for e in earlier if e["kind"] == each) for each in ("capture", "refund")}
    left = authorized.get("amount", 0) - done["capture"]
    approved = authorized.get("kind") == "authorize" and authorized["status"] == "approved"
    undone = any(e["kind"] == "void" or kind == "void" for e in earlier)
    refused = not approved or undone or amount > (done["capture"] - done["refund"] if kind == "refund" else left)
    bounced = kind == "capture" and not refused and authorized.get("bounces", False)
    return {
        "kind": kind,
        "reference": body.reference,
        "authorization": body.authorization,
        "status": "declined" if refused or bounced else "approved",
        "reason": "not-possible" if refused else "insufficient-funds" if bounced else "",
        "amount": left if kind == "void" else amount,
        "id": f"sim-{body.reference}",
    }
