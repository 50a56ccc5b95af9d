from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from services.cart.api_desk import router as desk_routes
from services.cart.api_partial import router as partial_routes
from services.cart.bodies import ChangeBody, PlaceBody, StartBody, SubmitBody
from services.cart.changing import Reprice
from services.cart.commanding import (
    NOBODY,
    answer,
    begun,
    catalog_of,
    changed,
    decided,
    loaded,
    new_id,
    repricing,
    reserved,
    seen,
    shown,
)
from services.cart.lookups import catalog, check_customer, tariff, today
from services.cart.order import Place, order
from services.cart.pricing import Catalog
from services.cart.redeeming import Coupons
from services.cart.state import Order, applied
from services.cart.submission import Submit, limited
from services.cart.trials import tried
from services.cart.typed import kept
from services.cart.used import used_codes
from services.cart.views import newest, versions
from services.cart.why import Why
from shared.contracts.cart import CartChanges, OrderSubmitted
from shared.http import Answer, RunningService, Sent
from shared.ids import external_command
from shared.kernel.commands import Envelope
from shared.kernel.decider import Refused
from shared.past import Moment
from shared.service import Running

router = APIRouter()


@router.get("/campaigns/{id}/{number}")
async def campaign_version(id: str, number: int, service: RunningService, min_version: str | None = None) -> dict[str, Any]:
    """A campaign in the version that an order may be pinned to, as cart knows it; with ``min_version`` new orders have seen that by then."""
    await service.get(newest, id, min_version, opened=False)
    row = await service.get(versions, f"{id}@{number}")
    if row is None:
        raise HTTPException(404, "There is no such version of this campaign.")
    return row


@router.post("/orders")
async def start(body: StartBody, service: RunningService, sent: Sent) -> Answer:
    known = await catalog(service, body.campaign)
    await check_customer(service, body.customer_id)
    id = await new_id(service, sent)
    made = await changed(service, id, known, Order(), begun(body, known, sent), body.wanted(), sent)
    outcome = await service.execute(order, id, made, sent)
    return await answer(service, id, outcome.version, outcome.state, 201)


@router.post("/orders/place")
async def place(body: PlaceBody, service: RunningService, sent: Sent) -> Answer:
    if body.external_id:
        sent = replace(sent, command_id=external_command(sent.actor, body.external_id))
    known = await catalog(service, body.campaign)
    await check_customer(service, body.customer_id)
    id = await new_id(service, sent)
    changes = begun(body, known, sent)

    async def made(state: Order, customer: str, redeemed: frozenset[str]) -> Place:
        change = await changed(service, id, known, state, changes, body.wanted(), sent)
        placed = applied(state, kept(changes, state, known))
        return Place(change, await _submit(service, id, body, known, placed, sent, customer, redeemed))

    return await _submitted(service, id, made, sent, body.customer_id or "")


@router.get("/orders/{id}")
async def one(id: str, service: RunningService, sent: Sent, as_of: Moment | None = None) -> Answer:
    """For its customer one that is kept for them is as they would begin to finish it. ``as_of``: as it was then."""
    state, version = await loaded(service, id, as_of)
    if as_of:
        return await answer(service, id, version, state)
    return await shown(service, id, version, state, sent)


@router.get("/orders/{id}/why")
async def why(id: str, service: RunningService, as_of: Moment | None = None) -> dict[str, Any]:
    """Which rule gave each figure, in sentences: ``lines`` [{line, product, unit, shipping, discount [], tax}], ``shipping``,
    ``coupons`` [{code, verdict, detail}], ``tax`` []."""
    state, _ = await loaded(service, id, as_of)
    if state.quote is None:
        raise HTTPException(404, "Nothing has been priced yet.")
    return Why(state.quote, state.lines, await tariff(service, state.campaign, state.campaign_version)).told()


@router.post("/orders/{id}/changes")
async def change(id: str, body: ChangeBody, service: RunningService, sent: Sent) -> Answer:
    await check_customer(service, body.customer_id)

    async def made(state: Order) -> Any:
        known = await catalog_of(service, state, sent)
        return await changed(service, id, known, state, body.changes(state.call), body.wanted(), sent)

    outcome = await decided(service, id, made, sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.post("/orders/{id}/reprice")
async def reprice(id: str, service: RunningService, sent: Sent) -> Answer:
    """By the newest version of its campaign, and by the settings, rates and coupons of now."""

    async def made(state: Order) -> Reprice:
        return await repricing(service, id, state, state, sent)

    outcome = await decided(service, id, made, sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.post("/orders/{id}/submit")
async def submit(id: str, body: SubmitBody, service: RunningService, sent: Sent) -> Answer:
    """A customer may pay what was kept for them as it is."""

    async def made(state: Order, customer: str, redeemed: frozenset[str]) -> Submit | Place:
        known = await catalog_of(service, state, sent)
        command = await _submit(service, id, body, known, state, sent, customer, redeemed)
        if state.stage != "partial":
            return command
        return Place(await changed(service, id, known, state, CartChanges(), None, sent), command)

    await seen(service, id)
    return await _submitted(service, id, made, sent)


async def _submit(
    service: Running, id: str, body: SubmitBody, known: Catalog, state: Order, sent: Envelope, customer: str, redeemed: frozenset[str]
) -> Submit:  # fmt: skip
    day, person = today(known.settings, sent.now), state.customer
    once = known.tariff.considered(state.coupons) & known.tariff.once
    used = await used_codes(service, state.campaign, id, person.phone, person.email) if once else ()
    had = await tried(service, id, state, known.tariff.trials, customer)
    command = Submit(id, known, body.method, body.payment, sent.actor, customer, sent.now, day, redeemed, frozenset(used), had)
    return replace(command, oral_authorisation=body.oral_authorisation, total=body.total)


Made = Callable[[Order, str, frozenset[str]], Awaitable[Submit | Place]]
"""A submission of the order by a customer, with these limited coupons redeemed."""


async def _submitted(service: Running, id: str, made: Made, sent: Envelope, customer: str = "") -> Answer:
    """What nothing stands against first takes its uses of limited coupons and, where it has none, a customer number."""
    state, version = await service.load(order, id)
    customer = customer or state.customer_id
    redeemed = await _redeemed(service, id, made, state, sent) if sent.version in (None, version) else None
    if redeemed is not None and not customer:
        customer = await reserved(service, id, sent)
    outcome = await service.execute(order, id, await made(state, customer, redeemed or frozenset()), sent)
    return await answer(service, id, outcome.version, outcome.state, 202)


async def _redeemed(service: Running, id: str, made: Made, state: Order, sent: Envelope) -> frozenset[str] | None:
    """None where it would be refused anyway. Raises Refusal."""
    trial = await made(state, NOBODY, frozenset())
    submit = trial.submit if isinstance(trial, Place) else trial
    sold = submit.catalog.tariff
    everything = replace(submit, redeemed=sold.limited)
    outcome = order.decide(replace(trial, submit=everything) if isinstance(trial, Place) else everything, state)
    if isinstance(outcome, Refused) or not isinstance(outcome[-1], OrderSubmitted):
        return None
    codes = limited(sold, outcome[-1].submitted.order.quote)
    coupons: Coupons = service.state["coupons"]
    await coupons.redeem(sold, codes, id, sent)
    return codes


for more in (partial_routes, desk_routes):
    router.routes += more.routes
