"""An order that is no sale yet over HTTP: No Sale, Complete Order, links, and the customer's side of them."""

from __future__ import annotations

import contextlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.cart.bodies import CompleteBody, FactBody, LinkBody, NoSaleBody, PartialBody
from services.cart.commanding import answer, begun, changed, decided, for_customer, loaded, new_id, repricing, seen, shown
from services.cart.links import Issue, Open, Revoke, status, unusable
from services.cart.lookups import catalog, check_customer, tariff
from services.cart.order import Send, order
from services.cart.partial import Complete, NoSale, StartPartial, taken_over
from services.cart.second_fact import TRIES, TryFact, matches
from services.cart.state import Link, Order
from services.cart.views import links
from shared.http import Answer, RunningService, Sent, problem
from shared.ids import INSTALLATION, external_command, link_hash, link_token
from shared.kernel.commands import Envelope, Outcome
from shared.kernel.errors import Conflict
from shared.past import Moment
from shared.service import Running

router = APIRouter()

_GONE = {"unknown-link": 404, "link-expired": 410, "link-revoked": 410, "link-completed": 410}


@router.post("/orders/partial")
async def start_partial(body: PartialBody, service: RunningService, sent: Sent) -> Answer:
    """What was gathered elsewhere, such as on a landing page: begun and kept in one append."""
    if body.external_id:
        sent = replace(sent, command_id=external_command(sent.actor, body.external_id))
    known = await catalog(service, body.campaign)
    await check_customer(service, body.customer_id)
    id = await new_id(service, sent)
    change = await changed(service, id, known, Order(), begun(body, known, sent), body.wanted(), sent)
    state, _ = await service.load(order, id)
    state = replace(state, customer_id=state.customer_id or body.customer_id or "")

    def made(customer: str) -> StartPartial:
        return StartPartial(change, NoSale(id, known.tariff.campaign, sent.actor, sent.now, customer, body.disposition, body.note))

    outcome = await service.execute(order, id, await for_customer(service, id, state, made, sent), sent)
    return await answer(service, id, outcome.version, outcome.state, 201)


@router.post("/orders/{id}/no-sale")
async def no_sale(id: str, body: NoSaleBody, service: RunningService, sent: Sent) -> Answer:
    async def made(state: Order) -> NoSale:
        campaign = (await tariff(service, state.campaign, state.campaign_version)).campaign
        ready = NoSale(id, campaign, sent.actor, sent.now, "", body.disposition, body.note)
        kept: NoSale = await for_customer(service, id, state, lambda customer: replace(ready, customer_id=customer), sent)
        return kept

    outcome = await decided(service, id, made, sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.post("/orders/{id}/complete")
async def complete(id: str, body: CompleteBody, service: RunningService, sent: Sent) -> Answer:
    """Opens it for an agent, with a new call; also from the customer's page. One that is open for an agent stays as it is."""

    async def made(state: Order) -> Complete:
        reprice = await repricing(service, id, state, taken_over(state), sent)
        return Complete(reprice, body.call(sent.actor, sent.now))

    outcome = await decided(service, id, made, sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.post("/orders/{id}/links")
async def send_link(id: str, body: LinkBody, service: RunningService, sent: Sent) -> Answer:
    """``link`` is {link_id, token, campaign, expires_at, channel, to}. It leads to the order as soon as this is answered."""
    key = service.keyring.derived(INSTALLATION)
    link_id = hmac.digest(key, f"link id\n{id}\n{sent.actor}\n{sent.command_id}".encode(), "sha256").hex()[:24]
    token = link_token(key, link_id)

    async def made(state: Order) -> Send:
        campaign = (await tariff(service, state.campaign, state.campaign_version)).campaign
        until = sent.now + timedelta(hours=body.hours)
        issue = Issue(id, campaign, sent.actor, sent.now, link_id, link_hash(token), until, body.price_lock, body.channel, body.to)
        ready = Send(issue, NoSale(id, campaign, sent.actor, sent.now, "", body.disposition, ""))

        def kept(customer: str) -> Send:
            return replace(ready, no_sale=replace(ready.no_sale, customer_id=customer))

        made: Send = await for_customer(service, id, state, kept, sent)
        return made

    outcome = await decided(service, id, made, sent)
    await service.get(links, link_id, f"{order.stream(id)}@{outcome.version}", opened=False)
    link = next(each for each in outcome.state.links if each.link_id == link_id)
    told = {**_told(service, link), "campaign": outcome.state.campaign}
    return await answer(service, id, outcome.version, outcome.state, 201, link=told)


@router.get("/orders/{id}/links")
async def links_of(id: str, service: RunningService, as_of: Moment | None = None) -> Answer:
    """Newest first."""
    state, _ = await loaded(service, id, as_of)
    return Answer({"rows": [_told(service, link, as_of) for link in reversed(state.links) if link.revoked != "erased"]})


@router.delete("/orders/{id}/links/{link_id}")
async def revoke_link(id: str, link_id: str, service: RunningService, sent: Sent) -> Answer:
    await seen(service, id)
    outcome = await service.execute(order, id, Revoke(id, link_id), sent)
    return await answer(service, id, outcome.version, outcome.state)


@router.get("/links/{token}")
async def link(token: str, service: RunningService) -> Response:
    """404 ``unknown-link``; 410 ``link-expired``, ``link-revoked``, ``link-completed`` with the order that it led to."""
    leads = await _leads(service, token)
    if isinstance(leads, Response):
        return leads
    id, found = leads
    state, _ = await loaded(service, id)
    told = {name: value for name, value in _told(service, found).items() if name in ("link_id", "status", "expires_at", "price_lock")}
    return Answer({"order_id": id, "campaign": state.campaign, **told})


@router.post("/links/{token}/open")
async def open_link(token: str, service: RunningService, sent: Sent) -> Response:
    """The order as its customer sees it: re-priced unless the prices are locked, which their first change records."""
    leads = await _leads(service, token)
    if isinstance(leads, Response):
        return leads
    id, found = leads
    outcome = await service.execute(order, id, Open(id, found.link_id, sent.now), sent)
    return await shown(service, id, outcome.version, outcome.state, sent)


@router.post("/orders/{id}/second-fact")
async def second_fact(id: str, body: FactBody, service: RunningService, sent: Sent) -> Response:
    """The postal code of the billing address, or the last four digits of the phone number. ``left``: so many more tries."""
    await seen(service, id)
    outcome = await _counted(service, TryFact(id, body.fact), sent)
    if matches(body.fact, outcome.state):
        return Answer({"matched": True})
    return problem(422, "no-match", "That does not match this order.", "fact", left=TRIES - outcome.state.wrong_facts)


async def _counted(service: Running, command: TryFact, sent: Envelope) -> Outcome:
    """Whoever loses a race decides again: others' wrong facts end it, since so many are all there are. Raises Refusal, Conflict."""
    for _ in range(TRIES):
        with contextlib.suppress(Conflict):
            return await service.execute(order, command.order_id, command, sent)
    return await service.execute(order, command.order_id, command, sent)


async def _leads(service: Running, token: str) -> tuple[str, Link] | Response:
    """To which order, or why to none."""
    rows, _ = await service.find(links, {"hash": link_hash(token)}, limit=1, open_fields=False)
    id = rows[0]["order_id"] if rows else ""
    state, _ = await service.load(order, id) if rows else (Order(), 0)
    found = next((link for link in state.links if link.token_hash == link_hash(token)), None)
    wrong = unusable(found, state, service.clock())
    if found and not wrong:
        return id, found
    code, detail = (wrong.code, wrong.detail) if wrong else ("unknown-link", "")
    return problem(_GONE[code], code, detail, **({"order_id": id} if code == "link-completed" else {}))


def _told(service: Running, link: Link, as_of: datetime | None = None) -> dict[str, Any]:
    return {
        "link_id": link.link_id,
        "token": link_token(service.keyring.derived(INSTALLATION), link.link_id),
        "status": status(link, as_of or service.clock()),
        "channel": link.channel,
        "to": link.to,
        "price_lock": link.held is not None,
        "issued_at": link.issued_at,
        "issued_by": link.issued_by,
        "expires_at": link.expires_at,
        "opened_at": link.opened_at,
    }
