"""The public API, version 1. Errors are problem+json with stable codes; every POST takes an Idempotency-Key."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.gateway.door import LOOKS_UP, REVIEWS, SELLS, SETS, Ask, AtDoor, Failed, Services, allow, session_of
from services.gateway.following import follow, story
from services.gateway.live import Live
from services.gateway.pages.order_entry import may_sell
from services.gateway.pages.payment import Account, AccountFor
from services.gateway.sessions import Session
from shared.contracts.cart import Disposition
from shared.contracts.catalog import Campaign
from shared.contracts.order import Address, Attribution, Method, Particulars, Person
from shared.contracts.qa import Verdict
from shared.ids import OrderId, external_command, order_id

router = APIRouter(prefix="/api/v1")

SETTLED = frozenset(("Complete", "Declined", "Pending", "Cancelled", "Refunded"))
_LONGEST_WAIT = 30.0

Key = Annotated[str, Header(alias="idempotency-key", min_length=8, max_length=100, description="The same key again gets the same answer.")]
CampaignId = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$")]
LastEvent = Annotated[str, Header(alias="last-event-id", max_length=100, description="The last event that was seen, of a stream that broke off.")]
Prefer = Annotated[str, Header(alias="prefer", description="`wait=n`: up to n seconds, at most 30, until the order has an outcome.")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PersonIn(Person):
    model_config = ConfigDict(extra="forbid")


class AddressIn(Address):
    model_config = ConfigDict(extra="forbid")


class LineIn(Body):
    """``price`` and ``shipping_price`` are of one unit, instead of the campaign's, for a reason."""

    product: str
    quantity: int = Field(strict=True, ge=0, le=1_000_000)
    price: int | None = Field(default=None, strict=True, ge=0)
    shipping_price: int | None = Field(default=None, strict=True, ge=0)
    reason: str = Field(default="", max_length=255)


class AttributionIn(Attribution):
    model_config = ConfigDict(extra="forbid")


class ParticularsIn(Particulars):
    model_config = ConfigDict(extra="forbid")


class AnswerIn(Body):
    field: str
    value: str


class CampaignIn(Campaign):
    model_config = ConfigDict(extra="forbid")

    id: str = ""


class Card(Body):
    """Goes straight to the vault; ``expiry`` is MM/YY."""

    number: str = Field(repr=False, max_length=32)
    expiry: str = Field(max_length=7)
    cvv: str = Field(repr=False, max_length=4)


class CardFor(Card):
    order_id: OrderId
    holder: str = Field(default="", max_length=255)


class Gathered(Body):
    """What is known of an order and of who wants it."""

    campaign: str
    customer: PersonIn
    shipping: AddressIn | None = None
    """None: to the billing address."""
    coupons: list[str] = Field(default=[], max_length=20)
    profile: str = ""
    """Id of the delivery; empty: the campaign's own choice."""
    fields: list[AnswerIn] = Field(default=[], max_length=100)
    """Answers to the campaign's custom fields."""
    terms_agreed: bool = False
    notes: str = Field(default="", max_length=5000)
    attribution: AttributionIn | None = None
    """Where it came from; ``affiliate`` is a code of the directory."""
    particulars: ParticularsIn | None = None
    """About the customer, and what they agree to."""


class NewOrder(Gathered):
    direction: Literal["inbound", "outbound"] = "inbound"
    external_id: str = Field(default="", max_length=100)
    """The client's own id: the same one again is the same order, whatever the key."""
    billing: AddressIn
    lines: list[LineIn]
    trial_override: bool = False
    """A product that the customer has tried before is sold to them again; it is recorded who said so."""
    force_qa: bool = False
    """Held for review, whatever the campaign's share and the hold rules say."""
    method: Method
    card: Card | None = None
    account: Account | None = None
    """For ``echeck``, which also needs ``oral_authorisation``."""
    oral_authorisation: bool = False
    """The customer has authorised the debit on the recorded call."""


class NewPartial(Gathered):
    """Somebody has left something, and not ordered: agents find it, and complete it. A name and a phone number or an e-mail address are needed."""

    source: Literal["phone", "lander", "checkout"] = "lander"
    billing: AddressIn = AddressIn()
    lines: list[LineIn] = Field(default=[], max_length=500)
    disposition: Disposition | None = None
    """Why there was no sale."""


class Decision(Body):
    verdict: Verdict
    reason: str = ""


class Cancellation(Body):
    reason: str


class RefundIn(Body):
    """``amount`` in minor units of the order's currency, at most what was taken and is not given back yet."""

    amount: int = Field(strict=True, ge=1, le=10**12)
    reason: str = Field(min_length=3, max_length=500)


@router.post("/tokens", status_code=201, dependencies=[allow(*SELLS, scope="orders:write")])
async def token(body: CardFor, services: Ask, key: Key) -> dict[str, Any]:
    """A token for one attempt of this order by whoever asks, good for 15 minutes."""
    return cast(dict[str, Any], await services.post("payments", "/tokens", body.model_dump(), key=key))


@router.post("/tokens/account", status_code=201, dependencies=[allow(*SELLS, scope="orders:write")])
async def account_token(body: AccountFor, services: Ask, key: Key) -> dict[str, Any]:
    """A token for one eCheck on this order by whoever asks, good for 15 minutes."""
    return cast(dict[str, Any], await services.post("payments", "/tokens/account", body.model_dump(), key=key))


@router.get("/campaigns", dependencies=[allow(*LOOKS_UP, scope="catalog:read")])
async def campaigns(
    services: Ask, status: Literal["draft", "published", "changed", "retired"] | None = None, cursor: str | None = None
) -> dict[str, Any]:
    """What there is, without products; those are in each one's published version."""
    return cast(dict[str, Any], await services.get("catalog", "/campaigns", status=status, cursor=cursor))


@router.get("/campaigns/{id}", dependencies=[allow(*LOOKS_UP, scope="catalog:read")])
async def campaign(id: CampaignId, services: Ask) -> dict[str, Any]:
    """The newest published version."""
    return cast(dict[str, Any], await services.get("catalog", f"/campaigns/{id}"))


@router.put("/campaigns/{id}", dependencies=[allow(*SETS, scope="catalog:write")])
async def publish(id: CampaignId, body: CampaignIn, services: Ask, key: Key) -> dict[str, Any]:
    """Publishes a whole campaign as its next version, which orders have from then on. Amounts are minor units; ids of products, coupons and profiles
    stay the campaign's for ever.
    """
    done = cast(dict[str, Any], await services.put("catalog", f"/campaigns/{id}", body.model_dump(mode="json") | {"id": id}, key=key))
    with contextlib.suppress(Failed):  # published it is, whether or not cart answers
        await services.ask("cart", "GET", f"/campaigns/{id}/{done['number']}", query={"min_version": f"campaign-{id}@{done['version']}"})
    return done


@router.post("/orders", status_code=202, dependencies=[allow(*SELLS, scope="orders:write")])
async def place(request: Request, body: NewOrder, services: Ask, at: AtDoor, key: Key) -> dict[str, Any]:
    """Place a whole order at once. 202: it is on stable storage and is being charged."""
    session = cast(Session, session_of(request))
    await may_sell(services, session, body.campaign)
    payment = ""
    if body.external_id:
        key = external_command(session.actor, body.external_id)
    given = {"card": body.card, "echeck": body.account}.get(body.method)
    if given:
        path = "/tokens" if body.method == "card" else "/tokens/account"
        paid_with = {**given.model_dump(), "order_id": order_id(at.key, session.actor, key)}
        payment = (await services.post("payments", path, paid_with, key=key))["token"]
    order = _order(body) | {"method": body.method, "payment": payment, "call_center": session.call_center, "team": session.team}
    return _begun(await services.post("cart", "/orders/place", order, key=key))


@router.post("/partials", status_code=201, dependencies=[allow(*SELLS, scope="orders:write")])
async def partial(body: NewPartial, services: Ask, key: Key) -> dict[str, Any]:
    """Keep what somebody has left, such as on a page of yours, for agents to complete."""
    return _begun(await services.post("cart", "/orders/partial", {**_order(body), "source": body.source}, key=key))


def _order(body: Gathered) -> dict[str, Any]:
    """As cart takes it: what nobody has said is left out."""
    said = body.model_dump(exclude={"card", "account"}, exclude_none=True, exclude_defaults=True)
    return {**said, "shipping_same": body.shipping is None}


def _begun(order: dict[str, Any]) -> dict[str, Any]:
    return {"order_id": order["order_id"], "version": order["version"], "stage": order["state"]["stage"], "quote": order["state"]["quote"]}


@router.get("/orders", dependencies=[allow(*LOOKS_UP, scope="orders:read")])
async def orders(
    services: Ask, status: str | None = None, customer_id: str | None = None, q: str | None = None, campaign: str | None = None,
    agent: str | None = None, method: str | None = None, mark: str | None = None, since: str | None = None, until: str | None = None,
    at_least: str | None = None, at_most: str | None = None, cursor: str | None = None, limit: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Newest first, 50 a page, or as many as `limit` says, at most 500; ``q`` is an order id, or the beginning of a name, phone number or e-mail
    address. ``agent`` is an actor, such as agent:agent1; ``since`` and ``until`` are moments (ISO 8601) of when it was begun, both inclusive;
    ``at_least`` and ``at_most`` are of its total, in whole units of whatever its currency is."""
    asked = {"status": status, "customer_id": customer_id, "q": q, "campaign": campaign, "agent": agent, "method": method, "mark": mark}
    bounds = {"since": since, "until": until, "at_least": at_least, "at_most": at_most, "cursor": cursor, "limit": limit}
    return cast(dict[str, Any], await services.get("customers", "/orders", **asked, **bounds))


@router.get("/orders/{id}", dependencies=[allow(*LOOKS_UP, scope="orders:read")])
async def order(
    id: OrderId, services: Ask, at: AtDoor, min_version: Annotated[str | None, Query(pattern=r"^[a-z]+-.+@\d+$")] = None, prefer: Prefer = "",
    as_of: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """``min_version`` is ``<stream>@<version>``: waits briefly until the answer has seen it. ``as_of``: what it was at that moment (ISO 8601),
    without ``customer`` and ``attribution``."""
    if as_of:
        return cast(dict[str, Any], await services.get("customers", f"/orders/{id}", as_of=as_of))
    wait = re.search(r"\bwait=(\d{1,3})\b", prefer)
    if wait:
        await _settled(services, at.live, id, min(float(wait[1]), _LONGEST_WAIT))
    return cast(dict[str, Any], await services.get("customers", f"/orders/{id}", min_version=min_version))


async def _settled(services: Services, live: Live, id: str, seconds: float) -> None:
    """Returns once the order has an outcome, or when the time is over; it may not be among the orders yet."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for notice in live.listen():
                if notice.get("subject") not in (id, None):
                    continue
                seen = f"{notice['stream']}@{notice['version']}" if "stream" in notice else None
                answer = await services.ask("customers", "GET", f"/orders/{id}", query={"min_version": seen})
                if answer.status == 200 and answer.json()["status"] in SETTLED:
                    return


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "The events, or one after the other as they happen.", "content": {"text/event-stream": {}}}
}


@router.get("/orders/{id}/events", dependencies=[allow(*LOOKS_UP, scope="orders:read")], responses=_STREAM, response_model=None)
async def events(
    request: Request, id: OrderId, services: Ask, at: AtDoor, as_of: str | None = None, cursor: str | None = None, last_event_id: LastEvent = ""
) -> dict[str, Any] | Response:  # fmt: skip
    """What happened to this order, oldest first, up to a moment (ISO 8601); 500 a page.

    With `Accept: text/event-stream` a stream: all that has happened, then each event as it happens, such as a pause of the recording. An event
    may come twice, under the same id; after `Last-Event-ID` those of before are left out.
    """
    if "text/event-stream" in request.headers.get("accept", ""):
        stream = follow(request, at, services, id, await story(services, id), last_event_id)
        return EventSourceResponse(stream, headers={"x-accel-buffering": "no"})
    return cast(dict[str, Any], await services.get("customers", f"/orders/{id}/timeline", as_of=as_of, cursor=cursor))


@router.get("/orders/{id}/why", dependencies=[allow(*LOOKS_UP, scope="orders:read")])
async def why(id: OrderId, services: Ask) -> dict[str, Any]:
    """Which rule gave each figure of what it costs, in sentences."""
    return cast(dict[str, Any], await services.get("cart", f"/orders/{id}/why"))


@router.post("/orders/{id}/cancel", dependencies=[allow(*SETS, scope="orders:cancel")])
async def cancel(id: OrderId, body: Cancellation, services: Ask, key: Key) -> dict[str, Any]:
    """Stops the order while nothing of it has gone out. What has, whoever ships it is asked to stop, and may say that it is too late; 409
    `already-shipped` where it is on its way."""
    await services.get("cart", f"/orders/{id}")
    return cast(dict[str, Any], await services.post("fulfillment", f"/shipments/{id}/cancel", body.model_dump(), key=key))


@router.post("/orders/{id}/refunds", status_code=202, dependencies=[allow(*SETS, scope="orders:refund")])
async def refund(id: OrderId, body: RefundIn, services: Ask, key: Key) -> dict[str, Any]:
    """Give back all or a part of what was taken. 202: it is on stable storage, and the gateway is asked; the order tells what becomes of it."""
    return cast(dict[str, Any], await services.post("payments", f"/orders/{id}/refunds", body.model_dump(), key=key))


@router.post("/orders/{id}/review", dependencies=[allow(*REVIEWS, scope="orders:review")])
async def review(id: OrderId, body: Decision, services: Ask, key: Key) -> dict[str, Any]:
    return cast(dict[str, Any], await services.post("qa", f"/reviews/{id}/decide", body.model_dump(), key=key))
