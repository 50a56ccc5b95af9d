"""The payment of a customer's order, and what became of it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.gateway.checkout import form, screens, words
from services.gateway.checkout.passes import Pass
from services.gateway.checkout.visit import Order, Stopped, Visit, Visiting, command, ended
from services.gateway.door import PUBLIC
from services.gateway.pages.checkout import typed_in

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

Csrf = Annotated[str, Header(alias="x-csrf-token", max_length=100)]
Key = Annotated[str, Header(alias="idempotency-key", pattern="^[0-9a-f]{32}$")]


class CardIn(BaseModel):
    """Goes straight to the vault; ``expiry`` is MM/YY."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    number: str = Field(repr=False, max_length=32)
    expiry: str = Field(max_length=7)
    cvv: str = Field(repr=False, max_length=4)


@router.post("/checkout/{campaign}/token", status_code=201)
async def token(visit: Visiting, body: CardIn, csrf: Csrf, key: Key) -> dict[str, Any]:
    """A token for one attempt of this order. The card is in nothing else that leaves the page."""
    passed, order = await visit.mine(csrf, "token")
    if ended(order):
        raise Stopped(words.PAID)
    who = {"order_id": passed.order_id, "customer_id": order["state"]["customer_id"], "address": visit.network}
    card = {**body.model_dump(), **who}
    made = await visit.services.post("payments", "/tokens", card, key=f"{passed.csrf}-{key}")
    return {"token": made["token"]}


@router.post("/checkout/{campaign}/pay")
async def pay(request: Request, visit: Visiting) -> Response:
    """``payment`` is the card's token. Sent twice, or after it was paid: charged once."""
    typed = await typed_in(request)
    passed, order = await visit.mine(typed.get("csrf", ""), "submit")
    if ended(order):
        return visit.to("/done")
    key, version = command(passed, typed)
    order, found = await _agreed(visit, order, typed, key, version)
    if found is None:
        body = {"method": "card", "payment": typed.get("payment", "")[:255], "total": _total(typed, order)}
        answer = await visit.services.ask("cart", "POST", f"/orders/{passed.order_id}/submit", body, key=key, version=order["version"])
        if answer.status < 400:
            return visit.to("/done")
        found = {**answer.json(), "status": answer.status}
    return await _refused(visit, passed, order, found)


def _total(typed: dict[str, str], order: Order) -> int:
    """What the page showed."""
    shown = typed.get("total", "")
    return int(shown) if re.fullmatch("[0-9]{1,12}", shown) else int(order["state"]["quote"]["total"])


async def _agreed(visit: Visit, order: Order, typed: dict[str, str], key: str, version: int | None) -> tuple[Order, dict[str, Any] | None]:
    """The order with what they say to the terms, and how that was refused."""
    agreed, id = bool(typed.get("terms_agreed")), order["order_id"]
    if agreed == order["state"]["terms_agreed"] or "terms" not in typed:
        return {**order, "version": version or order["version"]}, None
    answer = await visit.services.ask("cart", "POST", f"/orders/{id}/changes", {"terms_agreed": agreed}, key=f"{key}-terms", version=version)
    found = answer.json()
    return (order, {**found, "status": answer.status}) if answer.status >= 400 else (found, None)


async def _refused(visit: Visit, passed: Pass, order: Order, found: dict[str, Any]) -> Response:
    """Back to where it can be put right, in words at the field."""
    order = await visit.after(passed, order, found["status"], found)
    if ended(order):
        return visit.to("/done")
    campaign, (error, errors) = await visit.of(order), words.refusal(found)
    here = {name: said for name, said in errors.items() if name in ("terms_agreed", "payment", "method")}
    if (errors and not here) or form.missing(order["state"], campaign):
        return screens.details(visit, passed, order, campaign, form.values(order["state"], campaign), errors=errors, error=error)
    return screens.payment(visit, passed, order, campaign, errors=here, error=error)


@router.get("/checkout/{campaign}/done")
async def done(visit: Visiting) -> Response:
    await visit.spend("view")
    order = await _theirs(visit)
    if order is None or not ended(order):
        return visit.to()
    return screens.done(visit, order, await visit.of(order), await _outcome(visit, order))


@router.get("/checkout/{campaign}/status")
async def status(visit: Visiting) -> JSONResponse:
    """``waiting``, ``unknown`` while the bank has not said, ``accepted``, ``stopped``, or ``open`` again after a decline."""
    await visit.spend("view")
    order = await _theirs(visit)
    if order is None:
        raise Stopped(words.NO_COOKIES)
    return JSONResponse({"outcome": await _outcome(visit, order) if ended(order) else "open"})


async def _theirs(visit: Visit) -> Order | None:
    passed = visit.passed
    return (await visit.current(passed, opening=False))[0] if passed and passed.by and passed.order_id else None


async def _outcome(visit: Visit, order: Order) -> str:
    state = order["state"]
    if state["stage"] == "closed":
        return "accepted" if state["closed_as"] == "approved" else "stopped"
    answer = await visit.services.ask("payments", "GET", f"/orders/{order['order_id']}")
    attempts = answer.json()["attempts"] if answer.status == 200 else []
    said = next((one["status"] for one in attempts if one["attempt"] == state["attempt"]), "open")
    return {"open": "waiting", "declined": "waiting", "unknown": "unknown"}.get(said, "accepted")
