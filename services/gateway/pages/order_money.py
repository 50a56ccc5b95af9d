"""What supervisors do about an order's money: give it back, try again, record what a gateway would not say, release what was held."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from services.gateway.door import SETS, Ask, Failed, Services, allow
from services.gateway.pages.forms import Typed
from services.gateway.pages.lists import Key
from services.gateway.pages.summary import summary_of
from services.gateway.render import page
from shared.ids import OrderId
from shared.money import formatted, parsed

router = APIRouter(prefix="/orders/{id}", include_in_schema=False, dependencies=[allow(*SETS)])

Reference = Annotated[str, Form(max_length=100)]


@router.post("/refunds")
async def refund(request: Request, id: OrderId, services: Ask, key: Key, amount: Typed = "", reason: Typed = "") -> Response:
    """``amount`` as people type it, in the currency of what was taken."""
    payment = await services.get("payments", f"/orders/{id}")
    wanted = {
        "amount": _amount(amount, payment["currency"]),
        "reason": _needed("reason", reason, "Say why, in a few words: it stays with the order.", 3),
    }
    try:
        refunded = await services.post("payments", f"/orders/{id}/refunds", wanted, key=key)
    except Failed as error:
        raise _with_figure(error, payment["currency"]) from error
    return await _done(request, services, id, refunded)


@router.post("/retry")
async def retry(request: Request, id: OrderId, services: Ask, key: Key, reference: Reference) -> Response:
    return await _done(request, services, id, await services.post("payments", f"/orders/{id}/retry", {"reference": reference}, key=key))


@router.post("/outcomes")
async def outcome(
    request: Request, id: OrderId, services: Ask, key: Key, reference: Reference, outcome: Typed = "",
    evidence: Annotated[str, Form(max_length=2_000)] = "", theirs: Typed = "",
) -> Response:  # fmt: skip
    """``theirs`` is what the gateway calls it."""
    recorded = {
        "reference": reference,
        "outcome": _needed("outcome", outcome, "Choose what became of it."),
        "evidence": _needed("evidence", evidence, "Say what shows it: where you looked, and what it says there.", 10),
        "gateway_reference": theirs.strip(),
    }
    return await _done(request, services, id, await services.post("payments", f"/orders/{id}/outcomes", recorded, key=key))


@router.post("/release")
async def release(request: Request, id: OrderId, services: Ask, key: Key, reason: Typed = "") -> Response:
    wanted = {"reason": _needed("reason", reason, "Say why: it stays with the order.")}
    done = await services.post("fulfillment", f"/shipments/{id}/release", wanted, key=key)
    return page(request, "order_part.html", **await summary_of(request, services, id, None, f"shipment-{id}@{done['version']}"))


async def _done(request: Request, services: Services, id: str, done: dict[str, int]) -> Response:
    seen = f"payment-{id}@{done['version']}" if "version" in done else ""
    return page(request, "order_part.html", **await summary_of(request, services, id, None, seen))


def _with_figure(error: Failed, currency: str) -> Failed:
    left = error.problem.get("refundable")
    if error.problem.get("code") != "refund-too-much" or not left:
        return error
    return Failed(error.status, {**error.problem, "detail": f"{formatted(left, currency)} {currency} can be given back, and no more."})


def _amount(typed: str, currency: str) -> int:
    """Raises Failed."""
    try:
        found = parsed(typed, currency)
    except ValueError as error:
        raise Failed(422, {"code": "invalid", "field": "amount", "detail": str(error)}) from error
    if not found:
        raise Failed(422, {"code": "invalid", "field": "amount", "detail": "Enter more than nothing."})
    return found


def _needed(field: str, typed: str, detail: str, least: int = 1) -> str:
    """Raises Failed."""
    if len(typed.strip()) < least:
        raise Failed(422, {"code": "missing", "field": field, "detail": detail})
    return typed.strip()
