"""How what is asked over HTTP becomes a command: with what it is priced by, again where others were faster, and what is answered then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from starlette.exceptions import HTTPException

from services.cart.asking import Providers
from services.cart.blocked import blocked
from services.cart.bodies import StartBody
from services.cart.changing import Change, Reprice, unasked
from services.cart.customer_id import Reserve
from services.cart.lines import Wanted
from services.cart.links import live, locked
from services.cart.lookups import catalog, circumstances, tariff
from services.cart.order import order
from services.cart.overrides import Approve
from services.cart.pricing import About, Catalog, Circumstances
from services.cart.state import CUSTOMER, Order, about, applied, evolve
from services.cart.trials import trials_of, tried, tried_before
from services.cart.typed import kept
from services.cart.why import Why
from shared.contracts.cart import CartChanges
from shared.contracts.order import Quote
from shared.http import Answer
from shared.ids import INSTALLATION, customer_id, order_id
from shared.kernel.commands import Envelope, Outcome, Refusal
from shared.kernel.decider import Refused
from shared.past import state_then
from shared.service import Running

NOBODY = "0000000000"
"""In the place of a customer number that is reserved only once nothing else stands against it."""
_TRIES = 3
_KEPT = ("links", "asked", "refused", "approved", "wrong_facts")
"""What the state remembers and is told in another way, or to nobody."""
_TOLD = [field.name for field in fields(Order) if field.name not in _KEPT]
_OVERRIDE = ("line", "product", "name", "price", "shipping_price", "reason", "by", "requested_at")

Priced = TypeVar("Priced", Change, Reprice, Approve)
Itself = TypeVar("Itself", Change, Reprice)


async def new_id(service: Running, sent: Envelope) -> str:
    """The same for the same command; counted on where another command's order has that id."""
    for n in count():
        id = order_id(service.keyring.derived(INSTALLATION), sent.actor, sent.command_id, n)
        if await service.commands.begun_by(order, id) in (None, sent.command_id):
            return id
    raise AssertionError("counting never ends")


async def answer(service: Running, id: str, version: int, state: Order, status: int = 200, **more: Any) -> Answer:
    """``coupons_said`` is what to tell about each coupon, by its code; ``trials`` are those that the customer had before,
    [{product, line, name, order_id, ordered_at}]; ``overrides`` wait for a supervisor, ``refused`` were, until they are asked for again;
    ``links`` is how many hold; ``blocked``: declined too often; ``repriced`` is {before, after} where the last change was a re-pricing that
    moved the total."""
    now = service.clock()
    body = {
        "order_id": id,
        "version": version,
        "state": {name: getattr(state, name) for name in _TOLD},
        "coupons_said": await _coupons_said(service, state),
        "trials": [each._asdict() for each in tried_before(state, await tried(service, id, state, trials_of(state)))],
        "overrides": [{name: getattr(each, name) for name in _OVERRIDE} for each in state.asked],
        "refused": [{name: getattr(each, name) for name in ("line", "product", "supervisor", "reason")} for each in state.refused],
        "links": sum(live(link, now) for link in state.links),
        "blocked": blocked(state, now),
        "repriced": _repriced(state),
    }
    return Answer({**body, **more}, status)


async def _coupons_said(service: Running, state: Order) -> dict[str, str]:
    if not (state.quote and state.quote.coupons):
        return {}
    told = Why(state.quote, state.lines, await tariff(service, state.campaign, state.campaign_version))
    return {verdict.code: told.coupon(verdict) for verdict in state.quote.coupons}


def _repriced(state: Order) -> dict[str, int] | None:
    if state.repriced_from is None or state.quote is None or state.repriced_from == state.quote.total:
        return None
    return {"before": state.repriced_from, "after": state.quote.total}


async def seen(service: Running, id: str) -> Order:
    """To prepare a command by. Raises 404."""
    state, version = await service.seen(order, id)
    if not version:
        raise HTTPException(404, "There is no such order.")
    found: Order = state
    return found


async def loaded(service: Running, id: str, as_of: datetime | None = None) -> tuple[Order, int]:
    """As it is, or was then. Raises 404."""
    state, version = await (state_then(service, order, id, as_of) if as_of else service.load(order, id))
    if not version:
        raise HTTPException(404, "There was no such order yet." if as_of else "There is no such order.")
    return state, version


async def decided(service: Running, id: str, made: Callable[[Order], Awaitable[Any]], sent: Envelope) -> Outcome:
    """By the order as it was last seen here, and again by how it is where others have changed it. Raises Refusal, 404."""
    for attempt in range(1, _TRIES + 1):
        state = await seen(service, id) if attempt == 1 else (await loaded(service, id))[0]
        try:
            return await service.execute(order, id, await made(state), sent)
        except Refusal as refusal:
            if refusal.refused.code != "busy" or attempt == _TRIES:
                raise
    raise AssertionError("the last try returns or raises")


def begun(body: StartBody, known: Catalog, sent: Envelope) -> CartChanges:
    """Raises Refusal."""
    if (body.source == "checkout") != (sent.actor == CUSTOMER):
        raise Refusal(Refused("source", "A customer begins on the checkout page, and nobody else does.", field="source", conflict=False))
    campaign = known.tariff.campaign
    if sent.actor == CUSTOMER and not campaign.checkout:
        raise Refusal(Refused("no-checkout", f"{campaign.name} has no checkout page.", field="campaign", conflict=False))
    return body.started(sent.actor, sent.now)


async def catalog_of(service: Running, state: Order, sent: Envelope) -> Catalog:
    """In the version that the order is pinned to; in the newest for a customer who begins to finish it, unless the prices are locked."""
    renews = sent.actor == CUSTOMER and state.stage == "partial" and not locked(state, sent.now)
    return await catalog(service, state.campaign, None if renews else state.campaign_version)


async def changed(
    service: Running, id: str, known: Catalog, state: Order, changes: CartChanges, wanted: dict[str, Wanted] | None, sent: Envelope
) -> Change:  # fmt: skip
    """With the circumstances of the order as it will be, if it is as ``state`` says; and what providers answer to that. Raises Unavailable."""
    asked = about(applied(state, kept(changes, state, known)))
    found = await circumstances(service, known, id, asked, sent.now)
    command = Change(id, known, {asked: found}.get, sent.actor, sent.now, changes, wanted)
    return await priced_with(service, command, state, asked, found, _itself)


def _itself(command: Itself, state: Order) -> tuple[Itself, Order]:
    return command, state


async def priced_with(
    service: Running, command: Priced, state: Order, asked: About, found: Circumstances,
    to_price: Callable[[Priced, Order], tuple[Change | Reprice, Order] | None],
) -> Priced:  # fmt: skip
    """The same for a command that comes to the change ``to_price`` of an order; None where it comes to none."""
    providers: Providers = service.state["providers"]
    while providers.present and (change := to_price(command, state)) and (question := unasked(*change)):
        found = replace(found, answers=await providers.answer(found.answers, question))
        command = replace(command, known={asked: found}.get)
    return command


async def repricing(service: Running, id: str, state: Order, taken: Order, sent: Envelope) -> Reprice:
    """Of the order as ``taken``, by the newest version of its campaign. Raises Unavailable."""
    known, asked = await catalog(service, state.campaign), about(state)
    found = await circumstances(service, known, id, asked, sent.now)
    command = Reprice(id, known, {asked: found}.get, sent.actor, sent.now)
    return await priced_with(service, command, taken, asked, found, _itself)


async def previewed(service: Running, id: str, state: Order, sent: Envelope) -> Order:
    """As its customer would begin to finish it; nothing of it is recorded."""
    if sent.actor != CUSTOMER or state.stage != "partial":
        return state
    known = await catalog_of(service, state, sent)
    decision = order.decide(await changed(service, id, known, state, CartChanges(), None, sent), state)
    if isinstance(decision, Refused):
        return state
    after = state
    for event in decision:
        after = evolve(after, event)
    return replace(after, stage=state.stage, of=state.of, repriced_from=state.quote.total if state.quote else None)


async def shown(service: Running, id: str, version: int, state: Order, sent: Envelope) -> Answer:
    """``gone`` where its customer sees it as it would be: what that takes of it, {products: names, coupons: codes that counted, delivery: whether
    the one that was chosen}."""
    after = await previewed(service, id, state, sent)
    if state.quote is None or after is state:
        return await answer(service, id, version, after)
    return await answer(service, id, version, after, gone=_gone(state.quote, state, after))


def _gone(quoted: Quote, before: Order, after: Order) -> dict[str, Any]:
    there = {line.product for line in after.lines if line.quantity}
    counted = {each.code for each in (after.quote.coupons if after.quote else ()) if each.verdict == "applied"}
    return {
        "products": [line.name for line in quoted.lines if line.product not in there],
        "coupons": [each.code for each in quoted.coupons if each.verdict == "applied" and each.code not in counted],
        "delivery": bool(before.profile and not after.profile),
    }


async def for_customer(service: Running, id: str, state: Order, made: Callable[[str], Any], sent: Envelope) -> Any:
    """A command that needs a customer number. None is reserved for one that is refused anyway, or that is a repeat."""
    customer = state.customer_id
    if not customer and not isinstance(order.decide(made(NOBODY), state), Refused):
        customer = await reserved(service, id, sent)
    return made(customer)


async def reserved(service: Running, id: str, sent: Envelope) -> str:
    while True:
        number = customer_id()
        try:
            await service.send(number, Reserve(number, id), f"reserve/{id}/{number}", sent.actor)
        except Refusal as refusal:
            if refusal.refused.code != "taken":
                raise
        else:
            return number
