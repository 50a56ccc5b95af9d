"""The simulator's HTTP: authorize, echeck, capture, void, refund, lookup, list, returns, ledger. Every call is idempotent by its reference.

A full number or a security code is answered, logged and kept nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from services.payments.simulator.doing import Books, FollowUp, answer
from services.payments.simulator.ledger import Entry, Ledger
from services.payments.simulator.magic import SLOW_SECONDS, Magic, find
from shared.service import utc_now

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
    """Or a refund."""

    amount: int = Field(gt=0)


class Return(BaseModel):
    """Of what was captured under ``reference``."""

    reference: Reference
    code: str = Field(pattern=r"^R\d\d$")


class _Refused(Exception):
    """The credentials are not right."""


def simulator(path: Path, credentials: str = "", clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """Keeps its ledger at ``path``; with credentials it answers nobody who does not send them. Raises OSError, Corrupt."""
    locked = [Depends(_lock(credentials))] if credentials else []
    app = FastAPI(title="Ringup simulator gateway", openapi_url=None, docs_url=None, redoc_url=None, dependencies=locked)
    app.state.ledger = ledger = Ledger(path)
    books, unreachable = Books(ledger, clock), set[str]()
    app.state.books = books
    _answer_errors(app)
    _authorise(app, books, unreachable)
    _follow_up(app, books)
    _tell(app, books)

    @app.get("/lookup/{reference}")
    async def lookup(reference: str) -> Any:
        if reference in unreachable:
            return Response(status_code=504)
        return await ledger.find(reference) or JSONResponse({"status": "never-heard"}, 404)

    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [".".join(map(str, each["loc"][1:])) for each in error.errors()]
        return JSONResponse({"status": "invalid", "fields": fields}, 422)

    @app.exception_handler(_Refused)
    async def refused(request: Request, error: _Refused) -> JSONResponse:
        return JSONResponse({"status": "refused"}, 401, {"www-authenticate": "Basic"})


def _authorise(app: FastAPI, books: Books, unreachable: set[str]) -> None:
    """``unreachable`` gets the references that nothing will be said about."""
    lost: set[str] = set()

    async def authorised(request: Request, body: Wanted, magic: Magic | None, said: Entry) -> Response:
        does = magic.does if magic else ""
        if does == "unreachable":
            unreachable.add(body.reference)
            return Response(status_code=504)
        if does == "lost-before" and body.reference not in lost and body.reference not in books.ledger.entries:
            lost.add(body.reference)
            return Response(status_code=504)
        if does == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        return await answer(does, await books.ledger.add(books.authorized(body, magic, said)), request)

    @app.post("/authorize")
    async def authorize(body: Authorize, request: Request) -> Response:
        magic = find("card", body.number, body.amount)
        wrong = magic is not None and magic.reason == "wrong-cvv"
        cvv = ("N" if wrong else "M") if body.cvv else "P"
        avs = "N" if magic and magic.reason == "wrong-address" else "Y"
        return await authorised(request, body, magic, {"last4": body.number[-4:], "avs": avs, "cvv": cvv})

    @app.post("/echeck")
    async def echeck(body: ECheck, request: Request) -> Response:
        magic = find("account", body.account, body.amount)
        return await authorised(request, body, magic, {"method": "echeck", "last4": body.account[-4:]})


def _follow_up(app: FastAPI, books: Books) -> None:
    async def followed(request: Request, kind: FollowUp, body: Void, amount: int = 0) -> Response:
        entry = await books.ledger.add(books.follow_up(kind, body.reference, body.authorization, amount))
        lost = books.ledger.entries.get(body.authorization, {}).get("does") == f"{kind}-lost"
        return await answer("lost-after" if lost else "", entry, request)

    @app.post("/capture")
    async def capture(body: Capture, request: Request) -> Response:
        return await followed(request, "capture", body, body.amount)

    @app.post("/void")
    async def void(body: Void, request: Request) -> Response:
        return await followed(request, "void", body)

    @app.post("/refund")
    async def refund(body: Capture, request: Request) -> Response:
        return await followed(request, "refund", body, body.amount)


def _tell(app: FastAPI, books: Books) -> None:
    @app.get("/list")
    async def listed(day: date) -> list[Entry]:
        return books.of_day(day.isoformat())

    @app.get("/returns")
    async def returns(since: str = "") -> list[Entry]:
        return list(books.returns(since))

    @app.post("/returns")
    async def give_back(body: Return) -> JSONResponse:
        """A debit comes back now, for whoever tries that out."""
        entry = books.returned(body.reference, body.code)
        return JSONResponse(await books.ledger.add(entry)) if entry else JSONResponse({"status": "never-heard"}, 404)

    @app.get("/health/live")
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ledger")
    async def everything() -> list[Entry]:
        return list(books.ledger.entries.values())


def _lock(credentials: str) -> Callable[[Request], Awaitable[None]]:
    wanted = f"Basic {base64.b64encode(f'ringup:{credentials}'.encode()).decode()}".encode()

    async def checked(request: Request) -> None:
        """Raises _Refused."""
        given = request.headers.get("authorization", "").encode()
        if request.url.path != "/health/live" and not hmac.compare_digest(given, wanted):
            raise _Refused

    return checked
