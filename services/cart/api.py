from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from services.cart.asking import Providers
from services.cart.bodies import ChangeBody, PlaceBody, StartBody, SubmitBody
from services.cart.customer_id import Reserve
from services.cart.lines import Wanted
from services.cart.lookups import catalog, check_customer, circumstances, tariff, today
from services.cart.order import Change, Order, Place, Reprice, Submit, about, applied, order, unasked
from services.cart.pricing import About, Catalog, Circumstances
from services.cart.redeeming import Coupons
from services.cart.submission import limited
from services.cart.used import used_codes
from services.cart.views import versions
from services.cart.why import Why
from shared.contracts.cart import CartChanges, OrderSubmitted
from shared.contracts.order import Call
from shared.http import Answer, RunningService, Sent
from shared.ids import INSTALLATION, customer_id, external_command, order_id
from shared.kernel.commands import Envelope, Outcome, Refusal
from shared.kernel.decider import Refused
from shared.service import Running

router = APIRouter()

_TRIES = 3

Priced = TypeVar("Priced", Change, Reprice)


@router.get("/campaigns/{id}/{number}")
async def campaign_version(id: str, number: int, service: RunningService) -> dict[str, Any]:
    """A campaign in the version that an order may be pinned to, as cart knows it."""
    row = await service.get(versions, f"{id}@{number}")
    if row is None:
        raise HTTPException(404, "There is no such version of this campaign.")
    return row


@router.post("/orders")
async def start(body: StartBody, service: RunningService, sent: Sent) -> Answer:
    known = await catalog(service, body.campaign)
    await check_customer(service, body.customer_id)
    id = await _id(service, sent)
    made = await _change(service, id, known, Order(), _started(body, sent), None, sent)
    outcome = await service.execute(order, id, made, sent)
    return await _answer(service, id, outcome.version, outcome.state, 201)


@router.post("/orders/place")
async def place(body: PlaceBody, service: RunningService, sent: Sent) -> Answer:
    if body.external_id:
        sent = replace(sent, command_id=external_command(sent.actor, body.external_id))
    known = await catalog(service, body.campaign)
    await check_customer(service, body.customer_id)
    id = await _id(service, sent)
    started = {name: value for name, value in _started(body, sent).__dict__.items() if value is not None}
    changes = CartChanges(**{**body.changes().__dict__, **started})

    async def made(state: Order, customer: str, redeemed: frozenset[str]) -> Place:
        change = await _change(service, id, known, state, changes, body.wanted(), sent)
        return Place(change, await _submit(service, id, body, known, applied(state, changes), sent, customer, redeemed))

    return await _submitted(service, id, made, sent, body.customer_id)


@router.get("/orders/{id}")
async def one(id: str, service: RunningService) -> Answer:
    state, version = await service.load(order, id)
    if not version:
        raise HTTPException(404, "There is no such order.")
    return await _answer(service, id, version, state)


@router.get("/orders/{id}/why")
async def why(id: str, service: RunningService) -> dict[str, Any]:
    """Which rule gave each figure, in sentences: ``lines`` [{line, product, unit, shipping, discount [], tax}], ``shipping``,
    ``coupons`` [{code, verdict, detail}], ``tax`` []."""
    state, version = await service.load(order, id)
    if not version or state.quote is None:
        raise HTTPException(404, "There is no such order.")
    return Why(state.quote, state.lines, await tariff(service, state.campaign, state.campaign_version)).told()


@router.post("/orders/{id}/changes")
async def change(id: str, body: ChangeBody, service: RunningService, sent: Sent) -> Answer:
    await check_customer(service, body.customer_id)

    async def made(state: Order) -> Change:
        known = await catalog(service, state.campaign, state.campaign_version)
        return await _change(service, id, known, state, body.changes(state.call), body.wanted(), sent)

    outcome = await _decided(service, id, made, sent)
    return await _answer(service, id, outcome.version, outcome.state)


@router.post("/orders/{id}/reprice")
async def reprice(id: str, service: RunningService, sent: Sent) -> Answer:
    """By the newest version of its campaign, and by the settings, rates and coupons of now."""

    async def made(state: Order) -> Reprice:
        known = await catalog(service, state.campaign)
        asked = about(state)
        found = await circumstances(service, known, id, asked, sent.now)
        return await _answered(service, Reprice(id, known, {asked: found}.get, sent.actor), state, asked, found)

    outcome = await _decided(service, id, made, sent)
    return await _answer(service, id, outcome.version, outcome.state)


@router.post("/orders/{id}/submit")
async def submit(id: str, body: SubmitBody, service: RunningService, sent: Sent) -> Answer:
    async def made(state: Order, customer: str, redeemed: frozenset[str]) -> Submit:
        known = await catalog(service, state.campaign, state.campaign_version)
        return await _submit(service, id, body, known, state, sent, customer, redeemed)

    if not (await service.seen(order, id))[1]:
        raise HTTPException(404, "There is no such order.")
    return await _submitted(service, id, made, sent)


async def _id(service: Running, sent: Envelope) -> str:
    """The same for the same command; counted on where another command's order has that id."""
    for n in count():
        id = order_id(service.keyring.derived(INSTALLATION), sent.actor, sent.command_id, n)
        if await service.commands.begun_by(order, id) in (None, sent.command_id):
            return id
    raise AssertionError("counting never ends")


async def _answer(service: Running, id: str, version: int, state: Order, status: int = 200) -> Answer:
    """``coupons_said`` is what to tell about each coupon, by its code."""
    said: dict[str, str] = {}
    if state.quote and state.quote.coupons:
        told = Why(state.quote, state.lines, await tariff(service, state.campaign, state.campaign_version))
        said = {verdict.code: told.coupon(verdict) for verdict in state.quote.coupons}
    return Answer({"order_id": id, "version": version, "state": state, "coupons_said": said}, status)


def _started(body: StartBody, sent: Envelope) -> CartChanges:
    call = Call(agent=sent.actor, direction=body.direction, started_at=sent.now, call_center=body.call_center, team=body.team)
    return CartChanges(campaign=body.campaign, call=call, customer_id=body.customer_id or None)


async def _change(
    service: Running, id: str, known: Catalog, state: Order, changes: CartChanges, wanted: dict[str, Wanted] | None, sent: Envelope
) -> Change:  # fmt: skip
    """With the circumstances of the order as it will be, if it is as ``state`` says; and what providers answer to that. Raises Unavailable."""
    asked = about(applied(state, changes))
    found = await circumstances(service, known, id, asked, sent.now)
    return await _answered(service, Change(id, known, {asked: found}.get, sent.actor, changes, wanted), state, asked, found)


async def _answered(service: Running, command: Priced, state: Order, asked: About, found: Circumstances) -> Priced:
    """With what providers answer, if the order is as ``state`` says. Raises Unavailable."""
    providers: Providers = service.state["providers"]
    while providers.present and (question := unasked(command, state)):
        found = replace(found, answers=await providers.answer(found.answers, question))
        command = replace(command, known={asked: found}.get)
    return command


async def _submit(
    service: Running, id: str, body: SubmitBody, known: Catalog, state: Order, sent: Envelope, customer: str, redeemed: frozenset[str]
) -> Submit:  # fmt: skip
    day, person = today(known.settings, sent.now), state.customer
    once = known.tariff.considered(state.coupons) & known.tariff.once
    used = await used_codes(service, state.campaign, id, person.phone, person.email) if once else ()
    return Submit(id, known, body.method, body.payment, sent.actor, customer, sent.now, day, redeemed, frozenset(used))


async def _decided(service: Running, id: str, made: Callable[[Order], Awaitable[Any]], sent: Envelope) -> Outcome:
    """By the order as it was last seen here, and again by how it is where others have changed it. Raises Refusal, 404."""
    for attempt in range(1, _TRIES + 1):
        state, version = await (service.seen if attempt == 1 else service.load)(order, id)
        if not version:
            raise HTTPException(404, "There is no such order.")
        try:
            return await service.execute(order, id, await made(state), sent)
        except Refusal as refusal:
            if refusal.refused.code != "busy" or attempt == _TRIES:
                raise
    raise AssertionError("the last try returns or raises")


Made = Callable[[Order, str, frozenset[str]], Awaitable[Submit | Place]]
"""A submission of the order by a customer, with these limited coupons redeemed."""


async def _submitted(service: Running, id: str, made: Made, sent: Envelope, customer: str = "") -> Answer:
    """What nothing stands against first takes its uses of limited coupons and, where it has none, a customer number."""
    state, version = await service.load(order, id)
    customer = customer or state.customer_id
    redeemed = await _redeemed(service, id, made, state, sent) if sent.version in (None, version) else None
    if redeemed is not None and not customer:
        customer = await _reserved(service, id, sent)
    outcome = await service.execute(order, id, await made(state, customer, redeemed or frozenset()), sent)
    return await _answer(service, id, outcome.version, outcome.state, 202)


async def _redeemed(service: Running, id: str, made: Made, state: Order, sent: Envelope) -> frozenset[str] | None:
    """None where it would be refused anyway. Raises Refusal."""
    trial = await made(state, "0000000000", frozenset())
    submit = trial.submit if isinstance(trial, Place) else trial
    sold = submit.catalog.tariff
    everything = replace(submit, redeemed=sold.limited)
    decided = order.decide(replace(trial, submit=everything) if isinstance(trial, Place) else everything, state)
    if isinstance(decided, Refused) or not isinstance(decided[-1], OrderSubmitted):
        return None
    codes = limited(sold, decided[-1].submitted.order.quote)
    coupons: Coupons = service.state["coupons"]
    await coupons.redeem(sold, codes, id, sent)
    return codes


async def _reserved(service: Running, id: str, sent: Envelope) -> str:
    while True:
        number = customer_id()
        try:
            await service.send(number, Reserve(number, id), f"reserve/{id}/{number}", sent.actor)
        except Refusal as refusal:
            if refusal.refused.code != "taken":
                raise
        else:
            return number
