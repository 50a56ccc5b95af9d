"""The customer's page of a campaign: what a link opens, and where whoever has none orders. Up to the payment it needs no script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.gateway.checkout import form, screens, words
from services.gateway.checkout.form import Errors, Values
from services.gateway.checkout.passes import Pass
from services.gateway.checkout.visit import Order, Stopped, Visit, Visiting, command, ended
from services.gateway.checkout.words import Told
from services.gateway.door import PUBLIC, Failed
from services.gateway.pages.campaigns import Sha, image
from services.gateway.render import page
from shared.ids import is_order_id

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")
_LEAST = 0.25
"""Seconds that it takes to answer about an order that nobody has shown to be theirs, whether there is such an order or not."""


@router.get("/checkout/{campaign}")
async def begin(visit: Visiting) -> Response:
    """By ``?link=``, or in the documented form by ``?<order>`` or ``?orderId=``; each goes on at the address without it."""
    asked = visit.request.query_params
    if "link" in asked:
        return await _by_link(visit, asked["link"])
    order_id = _order_asked_for(asked)
    if order_id:
        return await _by_id(visit, order_id, asked.get("includeProducts") == "1")
    await visit.spend("view")
    if "again" in asked:
        await visit.published()
        return visit.give(visit.to(), Pass())
    return await _shown(visit, visit.passed or Pass())


def told(request: Request, told: Told, wait: int = 0) -> Response:
    """Why it does not go on, and what to do."""
    campaign = re.match(r"/checkout/([0-9A-Za-z]{1,40})", request.url.path)
    answer = page(
        request, "checkout_message.html", told.status, told=told, here=campaign[0] if campaign else "/", typed=wait and request.method == "POST"
    )
    if wait:
        answer.headers["retry-after"] = str(wait)
    return answer


def _order_asked_for(asked: Mapping[str, str]) -> str:
    name, value = next(iter(asked.items()), ("", ""))
    named = (asked.get("orderId") or ("" if value else name)).strip().upper()
    return named if is_order_id(named) else ""


async def _by_link(visit: Visit, token: str) -> Response:
    await visit.spend("open")
    if not _TOKEN.fullmatch(token):
        raise Stopped(words.UNKNOWN)
    if visit.passed and visit.passed.by == "link" and token == visit.token(visit.passed):
        return visit.to()
    link = await visit.link(token)
    await visit.opened(token)
    return visit.give(visit.to(), Pass(link["order_id"], "link", link["link_id"]))


async def _by_id(visit: Visit, order_id: str, with_products: bool) -> Response:
    """Whoever has shown that it is theirs goes on; nobody learns here whether there is such an order."""
    await visit.spend("open")
    before = visit.passed
    theirs = before if before and before.order_id == order_id and before.by else Pass(order_id, "", "", with_products)
    return visit.give(visit.to(), theirs)


async def _shown(visit: Visit, passed: Pass) -> Response:
    if not passed.by:
        return await _evenly(_asked(visit, passed))
    if not passed.order_id:
        campaign, order = await visit.published(), await visit.order(passed)
        return visit.give(screens.details(visit, passed, order, campaign, form.values(order["state"], campaign)), passed)
    order, link = await visit.current(passed)
    campaign = await visit.of(order)
    if ended(order):
        return visit.to("/done")
    if passed.products and not form.missing(order["state"], campaign):
        return visit.give(screens.payment(visit, passed, order, campaign, link=link), passed)
    typed = form.values(order["state"], campaign, passed.products)
    return visit.give(screens.details(visit, passed, order, campaign, typed, link=link), passed)


@router.get("/checkout/{campaign}/details")
async def details(visit: Visiting) -> Response:
    """What was said, to be changed."""
    await visit.spend("view")
    passed = visit.passed
    if passed is None or not passed.by or not passed.order_id:
        return visit.to()
    order, link = await visit.current(passed)
    campaign = await visit.of(order)
    if ended(order):
        return visit.to("/done")
    return screens.details(visit, passed, order, campaign, form.values(order["state"], campaign, passed.products), link=link)


@router.get("/checkout/{campaign}/images/{sha256}")
async def picture(visit: Visiting, sha256: Sha) -> Response:
    """Of a product. Whoever can name it by its content has seen it."""
    return await image(visit.services, sha256)


@router.post("/checkout/{campaign}")
async def save(request: Request, visit: Visiting) -> Response:
    """What was typed; ``act=continue`` goes on to the payment, others only ask what it costs."""
    typed = await typed_in(request)
    csrf = typed.get("csrf", "")
    visit = await _begun(visit, csrf)
    passed, order = await visit.mine(csrf, "change")
    written = await _written(visit, passed, order, typed) if not ended(order) else _Written(order)
    if ended(written.order):
        return visit.give(visit.to("/done"), passed)
    campaign = await visit.of(written.order)
    if written.error or written.errors:
        refused = screens.details(visit, passed, written.order, campaign, typed, errors=written.errors, error=written.error)
        return visit.give(refused, passed)
    passed, going_on = replace(passed, products=True), _goes_on(typed)
    errors = form.missing(written.order["state"], campaign) if going_on else {}
    if going_on and not errors:
        await _kept(visit, passed, written.order)
        return visit.give(visit.to(), passed)
    state = written.order["state"]
    shown = form.values(state, campaign) if written.whole else form.priced(typed, state, campaign)
    shown["find"] = typed.get("find", "")
    return visit.give(screens.details(visit, passed, written.order, campaign, shown, errors=errors), passed)


@dataclass(frozen=True, slots=True)
class _Written:
    """The order as it is now, and what was refused; not ``whole``: products, coupons and delivery alone."""

    order: Order
    errors: Errors = field(default_factory=dict)
    error: str = ""
    whole: bool = True


async def _begun(visit: Visit, csrf: str) -> Visit:
    """With an order, which the first form that is sent begins."""
    passed = visit.sent(csrf)
    if passed.by != "new" or passed.order_id:
        return visit
    await visit.spend("begin")
    await visit.published()
    body = {"campaign": visit.campaign, "source": "checkout"}
    order = await visit.services.post("cart", "/orders", body, key=f"checkout-{passed.csrf}")
    return replace(visit, passed=replace(passed, order_id=order["order_id"]))


async def _written(visit: Visit, passed: Pass, order: Order, typed: Values) -> _Written:
    campaign = await visit.of(order)
    body, errors = form.changes(typed, order["state"], campaign)
    if errors:
        return _Written(order, errors)
    written = await _sent(visit, passed, order, typed, body)
    if _goes_on(typed) or not written.errors or not all(name.startswith(_ABOUT_THEM) for name in written.errors):
        return written
    prices = {name: part for name, part in body.items() if name in ("lines", "coupons", "profile")}
    return replace(await _sent(visit, passed, order, {**typed, "key": ""}, prices), whole=False)


async def _kept(visit: Visit, passed: Pass, order: Order) -> None:
    """Whoever goes no further can be called: agents find the order among the partials, and complete it."""
    if passed.by == "new" and order["state"]["stage"] == "open":
        key, version = f"{passed.csrf}-kept-{order['version']}", order["version"]
        await visit.services.ask("cart", "POST", f"/orders/{order['order_id']}/no-sale", {"disposition": "other"}, key=key, version=version)


_ABOUT_THEM = ("customer.", "billing.", "shipping.", "fields.")


async def _sent(visit: Visit, passed: Pass, order: Order, typed: Values, body: dict[str, Any]) -> _Written:
    """Raises Stopped where an agent has taken it over, Failed where cart is away."""
    key, version = command(passed, typed)
    answer = await visit.services.ask("cart", "POST", f"/orders/{order['order_id']}/changes", body, key=key, version=version)
    found = answer.json()
    if answer.status < 400:
        return _Written(found)
    order = await visit.after(passed, order, answer.status, found)
    error, errors = words.refusal(found)
    return _Written(order, {form.at_form(name, body): said for name, said in errors.items()}, error)


def _goes_on(typed: Values) -> bool:
    return typed.get("act") == "continue"


async def typed_in(request: Request) -> dict[str, str]:
    """Files and repeated fields are nothing that our forms send."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


@router.post("/checkout/{campaign}/fact")
async def tell(request: Request, visit: Visiting) -> Response:
    """A postal code, or the end of a phone number, makes the order theirs."""
    typed = await typed_in(request)
    passed = visit.sent(typed.get("csrf", ""))
    if passed.by:
        return visit.to()
    await visit.spend("fact")
    return await _evenly(_told(visit, passed, typed.get("fact", "")))


async def _told(visit: Visit, passed: Pass, fact: str) -> Response:
    if await _fits(visit, passed, fact):
        return visit.give(visit.to(), replace(passed, by="fact", csrf=Pass().csrf))
    return await _asked(visit, passed, words.NO_MATCH)


async def _evenly(answering: Awaitable[Response]) -> Response:
    """Each answer takes about as long as any other."""
    answer, _ = await asyncio.gather(answering, asyncio.sleep(_LEAST))
    return answer


async def _fits(visit: Visit, passed: Pass, fact: str) -> bool:
    if not fact.strip() or len(fact) > _LONGEST_FACT or await _open_to_all(visit, passed) is None:
        return False
    answer = await visit.services.ask("cart", "POST", f"/orders/{passed.order_id}/second-fact", {"fact": fact.strip()})
    if answer.status >= 500 or (answer.status == 409 and answer.json()["code"] == "busy"):
        raise Failed(503, answer.json())  # not decided, so not counted
    return answer.status == 200


_LONGEST_FACT = 40


async def _asked(visit: Visit, passed: Pass, error: str = "") -> Response:
    order = await _open_to_all(visit, passed) if passed.products else None
    return visit.give(screens.fact(visit, passed, await visit.published(), order, error), passed)


async def _open_to_all(visit: Visit, passed: Pass) -> Order | None:
    """The order, where it waits for its customer. Any other is as one that does not exist."""
    try:
        order = await visit.order(passed)
    except Stopped:
        return None
    state = order["state"]
    waits = state["stage"] == "partial" or (state["stage"] == "open" and state["of"] == "customer")
    return order if waits and state["campaign"] == visit.campaign else None
